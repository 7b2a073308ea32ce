package limit

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"100/s burst 200":               "100/s burst 200",
		"  100/s   burst  200 ":         "100/s burst 200",
		"100/s":                         "100/s burst 200",
		"1/h":                           "1/h burst 1",
		"100000000/s burst 1":           "100000000/s burst 1",
		"10000 rows/s burst 20000":      "10000 rows/s burst 20000",
		"report":                        "report 100/s burst 200",
		"report 5/m burst 9":            "report 5/m burst 9",
		"report 5 rows/m burst 9":       "report 5 rows/m burst 9",
		"off":                           "off",
		"100/s burst 360000000":         "100/s burst 360000000",
		"":                              "!is not a limit",
		"on":                            "!is not a limit",
		"100":                           "!is not a limit",
		"100/d":                         "!is not a limit",
		"1.5/s":                         "!is not a limit",
		"100/s burst":                   "!is not a limit",
		"100/s 200":                     "!is not a limit",
		"100/s burst 200 rows":          "!is not a limit",
		"off report":                    "!is not a limit",
		"report off":                    "!is not a limit",
		"0/s":                           "!is not a rate",
		"-1/s":                          "!is not a rate",
		"100000001/s":                   "!is not a rate",
		"99999999999999999999/s":        "!is not a limit",
		"100/s burst 0":                 "!not a whole number from 1",
		"100/s burst many":              "!not a whole number from 1",
		"100/s burst 360000001":         "!more than 1000 hours",
		"1/h burst 9223372036854775807": "!more than 1000 hours",
	} {
		p, err := Parse(text)
		if why, bad := strings.CutPrefix(want, "!"); bad {
			if err == nil || !strings.Contains(err.Error(), why) {
				t.Errorf("%q: %v, %v", text, p, err)
			}
			continue
		}
		if err != nil || p.String() != want {
			t.Errorf("%q: %v, %v", text, p, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"100/s burst 200", "report", "off", "5 rows/m burst 9", "report 1/h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(p.String())
		if err != nil || again != p {
			t.Fatalf("%q: %v, read again: %v, %v", text, p, again, err)
		}
		if p.Mode == Off {
			return
		}
		if l := New(p); l.take(Client{Name: "x"}, p.Burst, l.began).Over {
			t.Fatalf("%q: a full burst is over the limit", text)
		}
	})
}
