package value

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/schema"
)

// Codes of PostgreSQL's that only values raise.
const (
	badEncoding       fault.Code = "22021" // not UTF-8, or a NUL
	untranslatable    fault.Code = "22P05" // \u0000 in a JSON string
	invalidParameter  fault.Code = "22023"
	badOffset         fault.Code = "22009"
	intervalOverflow  fault.Code = "22015"
	badArrayElement   fault.Code = "2202E"
	notImplemented    fault.Code = "0A000"
	dividedByZero     fault.Code = "22012"
	stackTooDeep      fault.Code = "54001"
	nameBytesMax                 = 63
	jsonDepthMax                 = 6000 // beyond any limit of the API's; PostgreSQL's own is its stack's
	arrayDimensionMax            = 6
)

// checkText refuses what no text of PostgreSQL's holds.
func checkText(s string) error {
	if i := strings.IndexByte(s, 0); i >= 0 && utf8.ValidString(s[:i]) {
		return fault.New(badEncoding, `invalid byte sequence for encoding "UTF8": 0x00`)
	}
	if utf8.ValidString(s) {
		return nil
	}
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			var b strings.Builder
			for j := i; j < len(s) && j < i+sequence(s[i]); j++ {
				fmt.Fprintf(&b, " 0x%02x", s[j])
			}
			return fault.Newf(badEncoding, `invalid byte sequence for encoding "UTF8":%s`, b.String())
		}
		i += n
	}
	return nil
}

// sequence is how many bytes a character of UTF-8 has by its first one.
func sequence(c byte) int {
	switch {
	case c&0xe0 == 0xc0:
		return 2
	case c&0xf0 == 0xe0:
		return 3
	case c&0xf8 == 0xf0:
		return 4
	}
	return 1
}

// parseString applies the length of varchar(n), char(n), name and "char".
func parseString(t schema.Type, s string) (any, error) {
	switch t.Name {
	case "name":
		return cut(s, nameBytesMax), nil
	case `"char"`:
		return firstByte(s), nil
	case "character varying", "varchar":
		if n := modifier(t.Modifier); n >= 0 {
			return fit(s, n, "character varying")
		}
	case "character", "char", "bpchar":
		n := modifier(t.Modifier)
		if n < 0 {
			if t.Name == "bpchar" {
				return s, nil
			}
			n = 1
		}
		return pad(s, n)
	}
	return s, nil
}

// cut shortens s to at most n bytes, at a character's end.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// firstByte is the value of PostgreSQL's "char", which holds one byte; one beyond ASCII is written in octal.
func firstByte(s string) string {
	if len(s) == 4 && s[0] == '\\' && isOctal(s[1]) && isOctal(s[2]) && isOctal(s[3]) {
		c := (s[1]-'0')<<6 | (s[2]-'0')<<3 | (s[3] - '0')
		switch {
		case c == 0:
			return ""
		case c < 0x80:
			return string(rune(c))
		}
		return fmt.Sprintf(`\%03o`, c)
	}
	if s == "" {
		return ""
	}
	if s[0] >= 0x80 {
		return fmt.Sprintf(`\%03o`, s[0])
	}
	return s[:1]
}

func isOctal(c byte) bool { return c >= '0' && c <= '7' }

// fit gives s in at most n characters; only blanks may be lost.
func fit(s string, n int, typ string) (string, error) {
	i := offset(s, n)
	if i < 0 {
		return s, nil
	}
	if strings.Trim(s[i:], " ") != "" {
		return "", fault.Newf(fault.StringTooLong, "value too long for type %s(%d)", typ, n)
	}
	return s[:i], nil
}

// pad gives s in exactly n characters.
func pad(s string, n int) (any, error) {
	s, err := fit(s, n, "character")
	if err != nil {
		return nil, err
	}
	return padded(s, n), nil
}

// padded adds blanks up to n characters.
func padded(s string, n int) string {
	if have := utf8.RuneCountInString(s); have < n {
		return s + strings.Repeat(" ", n-have)
	}
	return s
}

// offset is where the character after the first n starts, -1 where there is none.
func offset(s string, n int) int {
	if len(s) <= n {
		return -1
	}
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return -1
}

// parseEnum takes a label, letter for letter.
func parseEnum(t schema.Type, s string) (any, error) {
	if t.Enum == nil {
		return s, nil
	}
	if len(s) > nameBytesMax || !slices.ContainsFunc(t.Enum.Values, func(v schema.EnumValue) bool { return v.Value == s }) {
		return nil, fault.Newf(fault.InvalidText, `invalid input value for enum %s: "%s"`, enumName(t), s)
	}
	return s, nil
}

// enumName is the enum's name as PostgreSQL's format_type writes it.
func enumName(t schema.Type) string {
	name := t.Enum.Name.Name
	if t.Name != "" {
		name = t.Name
	}
	name = quoteIdentifier(name)
	if t.Schema != "" {
		name = quoteIdentifier(t.Schema) + "." + name
	}
	return name
}

// quoteIdentifier writes a name as PostgreSQL's messages do: quoted where it is not plain lower case.
func quoteIdentifier(s string) string {
	for i := range len(s) {
		c := s[i]
		if c != '_' && (c < 'a' || c > 'z') && (i == 0 || c < '0' || c > '9') {
			return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
		}
	}
	return s
}

// parseBytea takes the hex form, \xdead, and the escape form, in which \ooo is a byte and \\ a backslash.
func parseBytea(s string) (any, error) {
	if strings.HasPrefix(s, `\x`) {
		return parseHex(s[2:])
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] != '\\':
			out = append(out, s[i])
		case i+3 < len(s) && s[i+1] <= '3' && isOctal(s[i+1]) && isOctal(s[i+2]) && isOctal(s[i+3]):
			out = append(out, (s[i+1]-'0')<<6|(s[i+2]-'0')<<3|(s[i+3]-'0'))
			i += 3
		case i+1 < len(s) && s[i+1] == '\\':
			out = append(out, '\\')
			i++
		default:
			return nil, fault.New(fault.InvalidText, "invalid input syntax for type bytea")
		}
	}
	return out, nil
}

// parseHex takes pairs of hexadecimal digits, white space between them.
func parseHex(s string) (any, error) {
	out := make([]byte, 0, len(s)/2)
	for i := 0; i < len(s); {
		c := s[i]
		if c == ' ' || c == '\n' || c == '\t' || c == '\r' {
			i++
			continue
		}
		if !isHex(c) {
			return nil, badDigit(s[i:])
		}
		if i+1 >= len(s) {
			return nil, fault.New(invalidParameter, "invalid hexadecimal data: odd number of digits")
		}
		if !isHex(s[i+1]) {
			return nil, badDigit(s[i+1:])
		}
		out = append(out, unhex(c)<<4|unhex(s[i+1]))
		i += 2
	}
	return out, nil
}

func badDigit(s string) error {
	_, n := utf8.DecodeRuneInString(s)
	return fault.Newf(invalidParameter, `invalid hexadecimal digit: "%s"`, s[:n])
}
