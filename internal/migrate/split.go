package migrate

import (
	"errors"
	"regexp"
	"strings"
)

// splitSQL cuts a script into statements, without their semicolons and the comments before them. Semicolons inside of
// strings, names, comments, dollar quotes and the bodies of triggers and functions (BEGIN … END) don't count.
func splitSQL(sql string, e Engine) ([]string, error) {
	var out []string
	start, i, depth := 0, 0, 0
	var words []string // of the statement so far
	flush := func(end int) {
		if s := strings.TrimSpace(skipComments(sql[start:end])); s != "" {
			out = append(out, s)
		}
		words, depth = nil, 0
	}
	for i < len(sql) {
		switch c := sql[i]; {
		case strings.HasPrefix(sql[i:], "--"):
			i = after(sql, i, "\n")
		case strings.HasPrefix(sql[i:], "/*"):
			i = afterComment(sql, i, e)
		case c == '\'' && e == Postgres && i > start && (sql[i-1] == 'E' || sql[i-1] == 'e') && (i < 2 || !wordByte(sql[i-2])):
			i = afterEscaped(sql, i)
		case c == '\'' || c == '"' || c == '`' && e == SQLite || c == '[' && e == SQLite:
			_, i = quoted(sql, i)
		case c == '$' && e == Postgres && (i == 0 || !wordByte(sql[i-1])) && dollarTag.MatchString(sql[i:]):
			tag := dollarTag.FindString(sql[i:])
			end := strings.Index(sql[i+len(tag):], tag)
			if end < 0 {
				return nil, errors.New("a dollar quote " + tag + " has no end")
			}
			i += end + 2*len(tag)
		case wordByte(c):
			from := i
			for i < len(sql) && wordByte(sql[i]) {
				i++
			}
			words = append(words, strings.ToUpper(sql[from:i]))
			depth = bodyDepth(words, depth)
		case c == ';' && depth == 0:
			flush(i)
			i++
			start = i
		default:
			i++
		}
	}
	flush(len(sql))
	return out, nil
}

var dollarTag = regexp.MustCompile(`^\$([A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*)?\$`)

// bodyDepth follows BEGIN, CASE and END within the body of a trigger or of an SQL function.
func bodyDepth(words []string, depth int) int {
	if words[0] != "CREATE" {
		return 0
	}
	body := false
	for _, w := range words[:min(len(words), 6)] {
		body = body || w == "TRIGGER" || w == "FUNCTION" || w == "PROCEDURE"
	}
	switch last := words[len(words)-1]; {
	case body && last == "BEGIN":
		return depth + 1
	case depth > 0 && last == "CASE":
		return depth + 1
	case depth > 0 && last == "END":
		return depth - 1
	}
	return depth
}

func after(sql string, i int, end string) int {
	if n := strings.Index(sql[i:], end); n >= 0 {
		return i + n + len(end)
	}
	return len(sql)
}

// afterComment skips /* … */, which nests on PostgreSQL.
func afterComment(sql string, i int, e Engine) int {
	depth := 0
	for i < len(sql) {
		switch {
		case strings.HasPrefix(sql[i:], "/*") && (depth == 0 || e == Postgres):
			depth++
			i += 2
		case strings.HasPrefix(sql[i:], "*/"):
			i += 2
			if depth--; depth == 0 {
				return i
			}
		default:
			i++
		}
	}
	return i
}

// afterEscaped skips E'…', in which a backslash escapes.
func afterEscaped(sql string, i int) int {
	for i++; i < len(sql); i++ {
		switch sql[i] {
		case '\\':
			i++
		case '\'':
			if i+1 < len(sql) && sql[i+1] == '\'' {
				i++
				continue
			}
			return i + 1
		}
	}
	return len(sql)
}

// skipComments cuts line comments and blank lines off a statement's beginning.
func skipComments(s string) string {
	for {
		s = strings.TrimLeft(s, " \t\r\n")
		if !strings.HasPrefix(s, "--") {
			return s
		}
		s = s[after(s, 0, "\n"):]
	}
}
