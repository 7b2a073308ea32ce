package rest

import (
	"strings"
	"unicode/utf8"

	"github.com/pintail-dev/pintail/fault"
)

// A param is one key=value of the query string, decoded.
type param struct {
	key, value string
	kind       paramKind
}

// paramKind says what a parameter is for: by its whole key, or by what follows its last dot, the rest being the path of the
// embed that it applies to.
type paramKind uint8

const (
	isFilter paramKind = iota
	isSelect
	isColumns
	isConflict
	isOrder
	isLimit
	isOffset
	isLogic
)

func kindOf(key string) paramKind {
	switch key {
	case "select":
		return isSelect
	case "columns":
		return isColumns
	case "on_conflict":
		return isConflict
	}
	last := key[strings.LastIndexByte(key, '.')+1:]
	switch last {
	case "order":
		return isOrder
	case "limit":
		return isLimit
	case "offset":
		return isOffset
	case "and", "or":
		return isLogic
	}
	return isFilter
}

// splitQuery appends the parameters of a raw query string to buf. Those without an equals sign mean nothing, as in PostgREST.
func splitQuery(raw string, paramsMax int, buf []param) ([]param, error) {
	seen := 0
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		if pair == "" {
			continue
		}
		if seen++; seen > paramsMax {
			return nil, fault.Newf(fault.TooMany, "the URL has more than %d query parameters", paramsMax).
				WithHint("put the conditions into one and=(…) or or=(…), or the values into one in.(…)")
		}
		key, value, given := strings.Cut(pair, "=")
		if !given {
			continue
		}
		key, ok := unescape(key)
		if !ok {
			return nil, badEncoding("the query string")
		}
		value, ok = unescape(value)
		if !ok {
			return nil, badEncoding("the query string")
		}
		buf = append(buf, param{key: key, value: value, kind: kindOf(key)})
	}
	return buf, nil
}

func badEncoding(where string) *fault.Fault {
	return fault.Newf(fault.BadEncoding, "%s is not valid UTF-8, or holds a NUL", where).
		WithHint("percent-encode the UTF-8 bytes of the text; a NUL can't be part of it")
}

// unescape decodes %XX and +, leaves a percent sign that begins no escape as it is (so does PostgREST), and answers false
// for what is not UTF-8 or has a NUL in it.
func unescape(s string) (string, bool) {
	plain := true
	for i := 0; i < len(s); i++ {
		if b := s[i]; b == '%' || b == '+' || b == 0 || b >= utf8.RuneSelf {
			plain = false
			break
		}
	}
	if plain {
		return s, true
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch b := s[i]; b {
		case '+':
			out = append(out, ' ')
		case '%':
			if i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
				out = append(out, unhex(s[i+1])<<4|unhex(s[i+2]))
				i += 2
				continue
			}
			out = append(out, '%')
		default:
			out = append(out, b)
		}
	}
	text := string(out)
	return text, utf8.ValidString(text) && strings.IndexByte(text, 0) < 0
}

func isHex(b byte) bool {
	return '0' <= b && b <= '9' || 'a' <= b && b <= 'f' || 'A' <= b && b <= 'F'
}

func unhex(b byte) byte {
	switch {
	case b <= '9':
		return b - '0'
	case b >= 'a':
		return b - 'a' + 10
	}
	return b - 'A' + 10
}

// escape percent-encodes all but RFC 3986's unreserved characters.
func escape(dst []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	for i := 0; i < len(s); i++ {
		b := s[i]
		if 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || b == '-' || b == '_' || b == '.' || b == '~' {
			dst = append(dst, b)
			continue
		}
		dst = append(dst, '%', hex[b>>4], hex[b&15])
	}
	return dst
}
