package value

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// unquoteJSON gives the text of a checked JSON string, quotes included.
func unquoteJSON(s string) string { return UnescapeJSON(s[1 : len(s)-1]) }

// UnescapeJSON resolves the escapes in what stands between the quotes of a JSON string, and those of JSON5, which SQLite keeps
// in its JSONB (https://spec.json5.org/#strings). It takes whatever it is given: half of a surrogate pair becomes the replacement
// character, and a backslash before anything else stands for that.
func UnescapeJSON(s string) string {
	i := strings.IndexByte(s, '\\')
	if i < 0 {
		return s
	}
	out := append(make([]byte, 0, len(s)), s[:i]...)
	for i < len(s) {
		if s[i] != '\\' || i+1 == len(s) {
			out = append(out, s[i])
			i++
			continue
		}
		var n int
		out, n = appendUnescaped(out, s[i+1:])
		i += 1 + n
	}
	return string(out)
}

// appendUnescaped appends what an escape stands for, whose backslash was in front of s, and says how many bytes of s it has.
func appendUnescaped(out []byte, s string) ([]byte, int) {
	switch s[0] {
	case 'b':
		return append(out, '\b'), 1
	case 'f':
		return append(out, '\f'), 1
	case 'n':
		return append(out, '\n'), 1
	case 'r':
		return append(out, '\r'), 1
	case 't':
		return append(out, '\t'), 1
	case 'v':
		return append(out, '\v'), 1
	case '0':
		return append(out, 0), 1
	case 'x':
		r, n := hexDigits(s[1:], 2)
		return utf8.AppendRune(out, r), 1 + n
	case 'u':
		r, n := unicodeEscape(s)
		return utf8.AppendRune(out, r), n
	}
	for _, end := range lineEnds {
		if strings.HasPrefix(s, end) {
			return out, len(end)
		}
	}
	return append(out, s[0]), 1
}

// lineEnds are what an escaped end of a line may be: the line goes on.
var lineEnds = [...]string{"\r\n", "\n", "\r", "\u2028", "\u2029"}

// unicodeEscape reads u and four digits, and another escape behind them where the two are a surrogate pair.
func unicodeEscape(s string) (r rune, n int) {
	r, n = hexDigits(s[1:], 4)
	n++
	if !utf16.IsSurrogate(r) || !strings.HasPrefix(s[n:], `\u`) {
		return r, n
	}
	low, more := hexDigits(s[n+2:], 4)
	if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
		return pair, n + 2 + more
	}
	return r, n
}

// hexDigits reads up to most hexadecimal digits, and says how many there were.
func hexDigits(s string, most int) (r rune, n int) {
	for n < min(most, len(s)) && isHex(s[n]) {
		r = r<<4 | rune(unhex(s[n]))
		n++
	}
	return r, n
}
