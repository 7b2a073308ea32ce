package sqlite

import (
	"strings"

	"github.com/pintail-dev/pintail/internal/value"
)

// compareJSONB orders two JSON texts in jsonb's form as PostgreSQL's btree does (manual, 8.14.4): object > array > boolean > number >
// string > null; of two arrays or objects the one with more elements; then element by element, or key, value, key, value.
// As there, an empty array at the top is below everything.
func compareJSONB(a, b []byte) int {
	if string(a) == string(b) {
		return 0
	}
	if x, y := string(a) == "[]", string(b) == "[]"; x || y {
		return boolCompare(y, x)
	}
	return compareElements(a, b)
}

func compareElements(a, b []byte) int {
	ka, kb := jsonRank(a), jsonRank(b)
	if ka != kb {
		return ka - kb
	}
	switch ka {
	case rankString:
		return strings.Compare(value.UnescapeJSON(string(a[1:len(a)-1])), value.UnescapeJSON(string(b[1:len(b)-1])))
	case rankNumber:
		return value.CompareNumeric(plain(a), plain(b))
	case rankBool:
		return boolCompare(a[0] == 't', b[0] == 't')
	case rankArray, rankObject:
		as, bs := parts(a), parts(b)
		if len(as) != len(bs) {
			return len(as) - len(bs)
		}
		for i := range as {
			if c := compareElements(as[i], bs[i]); c != 0 { // keys as well: they stand shortest first, but compare as text
				return c
			}
		}
	}
	return 0
}

const (
	rankNull = iota
	rankString
	rankNumber
	rankBool
	rankArray
	rankObject
)

func jsonRank(b []byte) int {
	if len(b) == 0 {
		return rankNull
	}
	switch b[0] {
	case 'n':
		return rankNull
	case '"':
		return rankString
	case 't', 'f':
		return rankBool
	case '[':
		return rankArray
	case '{':
		return rankObject
	}
	return rankNumber
}

// parts are an array's elements, or an object's keys and values in turn.
func parts(doc []byte) (out [][]byte) {
	i := skipSpace(doc, 1)
	for i < len(doc) && doc[i] != ']' && doc[i] != '}' {
		end := skipValue(doc, i)
		if end <= i {
			return out
		}
		out = append(out, doc[i:end])
		i = skipSpace(doc, end)
		if i < len(doc) && (doc[i] == ',' || doc[i] == ':') {
			i = skipSpace(doc, i+1)
		}
	}
	return out
}
