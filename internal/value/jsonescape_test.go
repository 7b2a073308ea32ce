package value

import (
	"encoding/json"
	"testing"
)

func TestUnescapeJSON(t *testing.T) {
	for in, want := range map[string]string{
		``:                       "",
		`plain é`:                "plain é",
		`\b\f\n\r\t\"\\\/`:       "\b\f\n\r\t\"\\/",
		`\u00e9\u00E9`:           "éé",
		`\ud83d\ude00!`:          "😀!",
		`\ud83d`:                 "\ufffd",
		`\ude00`:                 "\ufffd",
		`\ud83d\u0041`:           "\ufffdA",
		`\ud83d\ud83d\ude00`:     "\ufffd😀",
		`\ude00\ud83d`:           "\ufffd\ufffd",
		`\ud83dx`:                "\ufffdx",
		`\u0000`:                 "\x00",
		`\v\0\x41\'`:             "\v\x00A'", // from here on JSON5's
		"a\\\nb\\\r\nc\\\rd":     "abcd",
		"a\\\u2028b\\\u2029c":    "abc",
		`\u12`:                   "\x12", // nothing of this is JSON of any kind, and nothing panics
		`\x`:                     "\x00",
		`\`:                      `\`,
		`\ud83d\u`:               "\ufffd\x00",
		"\\é":                    "é",
		`\\u0041`:                `\u0041`,
		`many \\ more \\ than 1`: `many \ more \ than 1`,
	} {
		if got := UnescapeJSON(in); got != want {
			t.Errorf("UnescapeJSON(%q) = %q, want %q", in, got, want)
		}
	}
}

// Whatever encoding/json takes for a string, it gives the same text.
func FuzzUnescapeJSON(f *testing.F) {
	for _, s := range []string{``, `a`, `\n`, `\u0041`, `\ud83d\ude00`, `\ud83d\u0041`, `\ud83d`, `\\`, `\x41`, "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := UnescapeJSON(s)
		var want string
		if checkText(s) != nil || json.Unmarshal([]byte(`"`+s+`"`), &want) != nil {
			return
		}
		if got != want {
			t.Errorf("UnescapeJSON(%q) = %q, want %q", s, got, want)
		}
	})
}
