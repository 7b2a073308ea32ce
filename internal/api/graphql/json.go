package graphql

import (
	"encoding/json"
	"iter"
	"strings"
	"unicode/utf8"

	"github.com/pintail-dev/pintail/fault"
)

// raw is one valid JSON value as it came, without spaces around it. It is taken apart only where somebody looks, so that a
// body of many values costs no more than its bytes.
type raw string

// A kind is what a value is, in a document or in JSON.
type kind uint8

const (
	kindAbsent kind = iota
	kindNull
	kindBoolean
	kindNumber
	kindString
	kindEnum
	kindList
	kindObject
)

// said is a kind in Hasura's words.
func (k kind) said() string {
	return [...]string{"nothing", "null", "a boolean", "a number", "a string", "an enum value", "a list", "an object"}[k]
}

// parseJSON checks that text is one JSON value in UTF-8, nested at most so deep.
func parseJSON(text string, nestingMax int) (raw, error) {
	if !utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0 {
		return "", fault.New(fault.BadEncoding, "the body isn't UTF-8, or has a NUL in it")
	}
	if nesting(text) > nestingMax {
		return "", fault.Newf(fault.TooDeep, "the JSON body is nested more than %d deep", nestingMax).
			WithHint("flatten the value, or store the deep part as text")
	}
	if !json.Valid([]byte(text)) {
		return "", fault.New(fault.BadBody, "the body is no valid JSON")
	}
	return raw(strings.Trim(text, " \t\r\n")), nil
}

// nesting is how deep brackets outside of strings stand in each other.
func nesting(text string) (deepest int) {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest
}

func (v raw) kind() kind {
	if v == "" {
		return kindAbsent
	}
	switch v[0] {
	case 'n':
		return kindNull
	case 't', 'f':
		return kindBoolean
	case '"':
		return kindString
	case '[':
		return kindList
	case '{':
		return kindObject
	}
	return kindNumber
}

// text is a string without quotes and escapes; any other value as it stands.
func (v raw) text() string {
	if v.kind() != kindString {
		return string(v)
	}
	if strings.IndexByte(string(v), '\\') < 0 {
		return string(v[1 : len(v)-1])
	}
	var s string
	if err := json.Unmarshal([]byte(v), &s); err != nil {
		panic("graphql: a string of valid JSON that is none: " + err.Error())
	}
	return s
}

// items gives the elements of a list.
func (v raw) items() iter.Seq2[int, raw] {
	return func(yield func(int, raw) bool) {
		s := string(v)
		for i, n := 1, 0; ; n++ {
			if i = space(s, i); s[i] == ']' {
				return
			}
			end := skip(s, i)
			if !yield(n, raw(s[i:end])) {
				return
			}
			if i = space(s, end); s[i] == ',' {
				i++
			}
		}
	}
}

// members gives the keys of an object with their values, in their order.
func (v raw) members() iter.Seq2[string, raw] {
	return func(yield func(string, raw) bool) {
		s := string(v)
		for i := 1; ; {
			if i = space(s, i); s[i] == '}' {
				return
			}
			end := skip(s, i)
			key := raw(s[i:end])
			i = space(s, space(s, end)+1) // over the colon
			end = skip(s, i)
			if !yield(key.text(), raw(s[i:end])) {
				return
			}
			if i = space(s, end); s[i] == ',' {
				i++
			}
		}
	}
}

// member gives the value of a key, the last one where there are several; "" where there is none.
func (v raw) member(name string) (found raw) {
	for key, of := range v.members() {
		if key == name {
			found = of
		}
	}
	return found
}

// item gives an element of a list; "" where there is none.
func (v raw) item(n int) raw {
	for i, of := range v.items() {
		if i == n {
			return of
		}
	}
	return ""
}

func space(s string, i int) int {
	for s[i] == ' ' || s[i] == '\n' || s[i] == '\t' || s[i] == '\r' {
		i++
	}
	return i
}

// skip gives the end of the value that begins at i.
func skip(s string, i int) int {
	depth := 0
	for ; i < len(s); i++ {
		switch s[i] {
		case '"':
			for i++; s[i] != '"'; i++ {
				if s[i] == '\\' {
					i++
				}
			}
			if depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i // the end of a number's or a word's list
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',', ' ', '\n', '\t', '\r', ':':
			if depth == 0 {
				return i
			}
		}
	}
	return i
}
