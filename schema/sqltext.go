package schema

import "strings"

// A sqlToken is a part of a statement that a named query needs to know.
type sqlToken struct {
	kind sqlKind
	text string // a word in capitals, a parameter's name, a mark
	at   int    // in bytes
}

type sqlKind int

const (
	sqlWord      sqlKind = iota // not quoted
	sqlParameter                // :name
	sqlNumbered                 // $1
	sqlMark                     // one character
	sqlUnclosed                 // a string or comment that doesn't end
)

// scanSQL cuts a statement of either engine into tokens. Comments, numbers and strings of every kind, quoted names among them,
// hold nothing that matters here and are left out.
func scanSQL(s string) []sqlToken {
	var out []sqlToken
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f':
			i++
		case strings.HasPrefix(s[i:], "--"):
			if n := strings.IndexByte(s[i:], '\n'); n >= 0 {
				i += n
			} else {
				i = len(s)
			}
		case strings.HasPrefix(s[i:], "/*"):
			i = skipComment(s, i, &out)
		case c == '\'' || c == '"' || c == '`':
			i = skipQuoted(s, i, false, &out)
		case (c == 'E' || c == 'e') && i+1 < len(s) && s[i+1] == '\'':
			i = skipQuoted(s, i+1, true, &out)
		case c == '$':
			i = scanDollar(s, i, &out)
		case c == ':' && i+1 < len(s) && s[i+1] == ':':
			i += 2
		case c == ':' && i+1 < len(s) && s[i+1] == '=':
			i += 2
		case c == ':' && i+1 < len(s) && isLetter(s[i+1]):
			n := wordLength(s[i+1:])
			out = append(out, sqlToken{sqlParameter, s[i+1 : i+1+n], i})
			i += 1 + n
		case isLetter(c) || c >= 0x80:
			n := wordLength(s[i:])
			out = append(out, sqlToken{sqlWord, strings.ToUpper(s[i : i+n]), i})
			i += n
		case c >= '0' && c <= '9':
			i += wordLength(s[i:]) // 1e5, 0x1F
		default:
			out = append(out, sqlToken{sqlMark, s[i : i+1], i})
			i++
		}
	}
	return out
}

func isLetter(c byte) bool { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func wordLength(s string) int {
	n := 0
	for n < len(s) && (isLetter(s[n]) || s[n] >= '0' && s[n] <= '9' || s[n] >= 0x80 || s[n] == '$') {
		n++
	}
	return max(n, 1)
}

// skipComment goes past a comment; PostgreSQL's nest.
func skipComment(s string, start int, out *[]sqlToken) int {
	depth := 0
	for i := start; i < len(s); {
		switch {
		case strings.HasPrefix(s[i:], "/*"):
			depth++
			i += 2
		case strings.HasPrefix(s[i:], "*/"):
			depth--
			i += 2
			if depth == 0 {
				return i
			}
		default:
			i++
		}
	}
	*out = append(*out, sqlToken{sqlUnclosed, "/*", start})
	return len(s)
}

// skipQuoted goes past a string or a quoted name; a doubled quote stands for itself, and with escapes a backslash hides one.
func skipQuoted(s string, start int, escapes bool, out *[]sqlToken) int {
	q := s[start]
	for i := start + 1; i < len(s); i++ {
		switch {
		case escapes && s[i] == '\\':
			i++
		case s[i] == q && i+1 < len(s) && s[i+1] == q:
			i++
		case s[i] == q:
			return i + 1
		}
	}
	*out = append(*out, sqlToken{sqlUnclosed, s[start : start+1], start})
	return len(s)
}

// scanDollar goes past $tag$ … $tag$, or gives a numbered parameter.
func scanDollar(s string, start int, out *[]sqlToken) int {
	i := start + 1
	for i < len(s) && (isLetter(s[i]) || s[i] >= '0' && s[i] <= '9' || s[i] >= 0x80) {
		i++
	}
	if i < len(s) && s[i] == '$' && (i == start+1 || !(s[start+1] >= '0' && s[start+1] <= '9')) {
		tag := s[start : i+1]
		if end := strings.Index(s[i+1:], tag); end >= 0 {
			return i + 1 + end + len(tag)
		}
		*out = append(*out, sqlToken{sqlUnclosed, tag, start})
		return len(s)
	}
	if i > start+1 {
		*out = append(*out, sqlToken{sqlNumbered, s[start:i], start})
	}
	return max(i, start+1)
}

// writes says whether a statement changes rows: one of these words stands where a statement begins.
func writes(tokens []sqlToken) bool {
	start := true
	for i, t := range tokens {
		if t.kind == sqlWord && start {
			switch t.text {
			case "INSERT", "UPDATE", "DELETE", "MERGE":
				return true
			case "REPLACE":
				if i+1 < len(tokens) && tokens[i+1].text == "INTO" {
					return true
				}
			}
		}
		start = t.kind == sqlMark && (t.text == "(" || t.text == ")")
	}
	return false
}

// controls says whether a statement begins or ends a transaction: by which word, in capitals.
func controls(tokens []sqlToken) (word string, ok bool) {
	if len(tokens) == 0 || tokens[0].kind != sqlWord {
		return "", false
	}
	switch tokens[0].text {
	case "BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE", "PREPARE":
		return tokens[0].text, true
	}
	return "", false
}

// ReplaceParameters gives a named query's text with each :name replaced by what with gives. A :name inside of strings, quoted
// names and comments, and one that with doesn't know, stays.
func ReplaceParameters(sql string, with func(name string) (string, bool)) string {
	var out strings.Builder
	last := 0
	for _, token := range scanSQL(sql) {
		if token.kind != sqlParameter {
			continue
		}
		text, ok := with(token.text)
		if !ok {
			continue
		}
		out.WriteString(sql[last:token.at])
		out.WriteString(text)
		last = token.at + 1 + len(token.text)
	}
	out.WriteString(sql[last:])
	return out.String()
}
