package value

import (
	"strconv"
	"strings"

	"github.com/pintail-dev/pintail/schema"
)

// AppendKey appends bytes that are the same for two canonical values of a type exactly where PostgreSQL's = holds of them, or where
// both are null. Keys in a row tell where each ends.
func AppendKey(dst []byte, t schema.Type, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, 'n')
	case bool:
		return strconv.AppendBool(dst, v)
	case int64:
		return append(strconv.AppendInt(append(dst, 'i'), v, 10), ';')
	case float64:
		if v == 0 {
			v = 0 // -0 too
		}
		return append(strconv.AppendFloat(append(dst, 'f'), v, 'g', -1, 64), ';')
	case []byte:
		return appendSized(dst, string(v))
	case []any:
		shape := dims(v)
		dst = append(dst, 'a')
		for _, n := range shape {
			dst = append(strconv.AppendInt(dst, int64(n), 10), ';')
		}
		for _, e := range flat(v) {
			dst = AppendKey(dst, element(t), e)
		}
		return dst
	case string:
		return appendSized(dst, textKey(t, v))
	}
	panic("value: not a canonical value")
}

func appendSized(dst []byte, s string) []byte {
	dst = append(strconv.AppendInt(append(dst, 's'), int64(len(s)), 10), ';')
	return append(dst, s...)
}

// textKey is a canonical text in the one form that its equals share.
func textKey(t schema.Type, s string) string {
	switch t.Base {
	case schema.Numeric:
		return numericKey(s)
	case schema.Interval:
		if sp, err := readInterval(s); err == nil {
			carry := floorDiv(sp.micros, day)
			days := int64(sp.months)*daysPerMonth + int64(sp.days) + carry
			return strconv.FormatInt(days, 10) + "/" + strconv.FormatInt(sp.micros-carry*day, 10)
		}
	case schema.JSONB:
		return jsonbKey(s)
	case schema.Text:
		switch t.Name {
		case "citext":
			return strings.ToLower(s)
		case "character", "char", "bpchar":
			return strings.TrimRight(s, " ")
		}
	}
	return s
}

// numericKey is a canonical number without the zeros that don't count.
func numericKey(s string) string {
	if rank(s) != 0 {
		return s
	}
	whole, fraction := parts(s)
	out := whole
	if fraction != "" {
		out += "." + fraction
	}
	if out != "" && s[0] == '-' {
		out = "-" + out
	}
	return out
}

// jsonbKey is a canonical jsonb text whose numbers lost the zeros that don't count.
func jsonbKey(s string) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		end := i + 1
		switch c := s[i]; {
		case c == '"':
			for end < len(s) && s[end] != '"' {
				if s[end] == '\\' {
					end++
				}
				end++
			}
			end = min(end+1, len(s))
			out = append(out, s[i:end]...)
		case c == '-' || isDigit(c):
			for end < len(s) && (isDigit(s[end]) || s[end] == '.') {
				end++
			}
			n := numericKey(s[i:end])
			if n == "" {
				n = "0"
			}
			out = append(out, n...)
		default:
			out = append(out, c)
		}
		i = end
	}
	return string(out)
}
