package rest

import (
	"net/textproto"
	"slices"
	"strings"
)

// appendCanonical appends ? and the parameters of a raw query, sorted by name and encoded one way.
func appendCanonical(dst []byte, raw string) []byte {
	var buf [16][2]string
	list := buf[:0]
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		key, value, _ := strings.Cut(pair, "=")
		key, _ = unescape(key) // Parse has refused what is malformed
		value, _ = unescape(value)
		list = append(list, [2]string{key, value})
	}
	if len(list) > 1 {
		slices.SortStableFunc(list, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	}
	for i, kv := range list {
		if i > 0 && list[i-1][0] == kv[0] {
			dst = escape(append(dst, ','), kv[1])
			continue
		}
		sep := byte('&')
		if i == 0 {
			sep = '?'
		}
		dst = append(escape(append(dst, sep), kv[0]), '=')
		dst = escape(dst, kv[1])
	}
	return dst
}

// named says whether a list of headers has one of that name.
func named(list [][2]string, name string) bool {
	return slices.ContainsFunc(list, func(h [2]string) bool {
		return textproto.CanonicalMIMEHeaderKey(h[0]) == textproto.CanonicalMIMEHeaderKey(name)
	})
}
