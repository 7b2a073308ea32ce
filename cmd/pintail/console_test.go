package main

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/store/sqlite"
)

// TestPeopleSeeNoControlCharacters lets names of tables drive no terminal, whichever way they come to it.
func TestPeopleSeeNoControlCharacters(t *testing.T) {
	const on, off = paint(true), paint(false)
	for _, test := range []struct {
		paint
		text, want string
	}{
		{off, "order, größe, 注文 🥑\n\tnext line", "order, größe, 注文 🥑\n\tnext line"},
		{on, on.red("lost") + on.dim("d") + on.bold("b") + on.green("g") + on.yellow("y"), "\x1b[31mlost\x1b[0m\x1b[2md\x1b[0m\x1b[1mb\x1b[0m\x1b[32mg\x1b[0m\x1b[33my\x1b[0m"},
		{off, "\x1b[31mlost", "·[31mlost"},
		{on, "\x1b[2Jgone\x1b]0;title\a\x1b[31", "·[2Jgone·]0;title··[31"},
		{on, "a\rb\bc\x00\x7f\u009b2J\u0085", "a·b·c···2J·"},
		{on, "\x9b2J\xff", "·2J·"}, // a terminal that doesn't take UTF-8 reads the first as ESC [
		{on, "user\u202etxt.exe\u2028\u200b\ufeff", "user·txt.exe···"},
	} {
		if got := visible(test.text, test.paint); got != test.want {
			t.Errorf("%q is shown as %q, want %q", test.text, got, test.want)
		}
	}
	if got := harmless("a\nb\tc\x1b[0m"); got != "a·b·c·[0m" {
		t.Errorf("in one line it is %q", got)
	}
	var out, said bytes.Buffer
	c := console{out: &out, err: &said}
	c.say("note: %s", "x\x1b[2J")
	if err := c.put("read \x1b[2J\n"); err != nil {
		t.Fatal(err)
	}
	if said.String() != "note: x·[2J\n" || out.String() != "read ·[2J\n" {
		t.Errorf("said %q, put %q", said.String(), out.String())
	}
	said.Reset()
	missing := filepath.Join(t.TempDir(), "no\x1b[2J", "schema.graphql")
	if code := run(t.Context(), []string{"schema", "check", "--schema", missing}, c); code == 0 || said.Len() == 0 || bytes.ContainsRune(said.Bytes(), '\x1b') {
		t.Errorf("exit code %d, said %q", code, said.String())
	}
}

// TestJSONDrivesNoTerminal: what is printed as JSON is the value, and nothing that a terminal does more with than to show it.
func TestJSONDrivesNoTerminal(t *testing.T) {
	const name = "x\x1b[2J\x7f\u009b\u202ey 🥑\u2028\U000e0001\n\t<&>\"\\"
	for _, write := range []func(console, any) error{console.print, console.event} {
		var out bytes.Buffer
		if err := write(console{out: &out}, map[string]string{name: name}); err != nil {
			t.Fatal(err)
		}
		if text := out.String(); visible(text, false) != text || !strings.Contains(text, "🥑") || !strings.Contains(text, "<&>") {
			t.Errorf("wrote %q", text)
		}
		var back map[string]string
		if err := json.Unmarshal(out.Bytes(), &back); err != nil || back[name] != name {
			t.Errorf("%q is read as %q, %v", out.String(), back, err)
		}
	}
}

// TestHostileNames lets a database whose names drive terminals and forge lines through every command that shows any.
func TestHostileNames(t *testing.T) {
	inFolder(t, "admin.listen: 127.0.0.1:1\n")
	const forged = "ok  hi"
	hostile := func(name string) string { return name + "\x1b[2J\a\u009b\u202e\n" + forged + "\r\n--" }
	quoted := func(name string) string { return `"` + hostile(name) + `"` }
	db, err := sqlite.OpenConn("hostile.db", sqlite3.OPEN_READWRITE|sqlite3.OPEN_CREATE)
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		"PRAGMA foreign_keys = off",
		"CREATE TABLE " + quoted("parent") + " (id INTEGER PRIMARY KEY, " + quoted("column") + " TEXT UNIQUE)",
		"CREATE TABLE " + quoted("child") + " (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES " + quoted("parent") + "(id))",
		"CREATE INDEX " + quoted("index") + " ON " + quoted("child") + "(parent)",
		"CREATE INDEX " + quoted("where") + " ON " + quoted("child") + "(parent) WHERE abs(parent) > 3", // which the file can't say
		"CREATE VIEW " + quoted("view") + " AS SELECT 1 AS one",
		"CREATE TRIGGER " + quoted("trigger") + " AFTER DELETE ON " + quoted("child") + " BEGIN SELECT 1; END",
		"INSERT INTO " + quoted("child") + " VALUES (1, 77)", // refers to nothing
	} {
		if err := db.Exec(sql); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) (int, string, string) {
		var out, said bytes.Buffer
		code := run(t.Context(), args, console{in: strings.NewReader(""), out: &out, err: &said})
		return code, out.String(), said.String()
	}
	if code, out, said := run("schema", "import", "--database", "sqlite:hostile.db", "--out", "schema.graphql"); code != 0 {
		t.Fatal(code, out, said)
	}
	for _, c := range []struct {
		args  string
		shows int  // least how often one of the names is shown
		data  bool // standard output is for another program
	}{
		{"schema import --database sqlite:hostile.db --out schema.graphql", 1, false},
		{"schema check", 0, false},
		{"doctor --database sqlite:hostile.db", 1, false},
		{"doctor --database sqlite:hostile.db --json", 1, false},
		{"guard check --database sqlite:hostile.db", 0, false},
		{"guard check --table nowhere --database sqlite:hostile.db", 1, false},
		{"import nowhere nothing.csv --database sqlite:hostile.db", 1, false},
		{"copy --from sqlite:hostile.db --to sqlite:copy.db", 1, false},
		{"rehearse --capture capture.json --admin off --database sqlite:hostile.db", 0, false},
		{"schema apply --dry-run --database sqlite:new.db", 0, true},
		{"schema apply --dry-run --json --database sqlite:new.db", 2, false},
		{"schema diff", 2, false},
		{"schema apply --database sqlite:new.db", 0, false},
		{"serve --open --listen 127.0.0.1:0 --admin off --database sqlite:other.db", 2, false}, // where everything is missing
		{"doctor --database sqlite:other.db", 2, false},
		{"guard repair --database sqlite:other.db", 0, false},
		{"new made --from sqlite:hostile.db", 1, false},
		{"schema export", 0, true},
		{"schema export --engine postgres", 0, true},
		{"schema export --json", 2, false},
		{"schema export --graphql", 0, true},
		{"types typescript", 2, false},
		{"__complete import ", 0, false},
	} {
		if strings.Contains(c.args, "other.db") {
			if db, err = sqlite.OpenConn("other.db", sqlite3.OPEN_READWRITE|sqlite3.OPEN_CREATE); err != nil {
				t.Fatal(err)
			}
			db.Close()
		}
		code, out, said := run(strings.Split(c.args, " ")...)
		people := said
		if !c.data {
			people += out
		}
		if visible(people, false) != people || strings.Contains("\n"+people, "\n"+forged) {
			t.Errorf("pintail %s shows\n%q", c.args, people)
		}
		if strings.Contains(people, "panic") || strings.Count(people, "[2J") < c.shows {
			t.Errorf("pintail %s (exit code %d) says\n%s", c.args, code, people)
		}
		if c.data && regexp.MustCompile(`(?m)^-- .*\n`+forged).MatchString(out) {
			t.Errorf("in what pintail %s writes, a name ends a comment:\n%s", c.args, out)
		}
	}
}

// TestNobodyWritesPastTheConsole: what commands write goes by a console's methods, which let no name drive a terminal. The few files that write
// to it themselves say what they write.
func TestNobodyWritesPastTheConsole(t *testing.T) {
	may := []string{"console.go", "progress.go", "top.go", "stream.go"}
	paths, err := filepath.Glob("*.go")
	if err != nil || len(paths) < 20 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") || slices.Contains(may, path) {
			continue
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			name := ""
			switch fun := call.Fun.(type) {
			case *ast.Ident:
				name = fun.Name
			case *ast.SelectorExpr:
				if name = fun.Sel.Name; writer(fun.X) {
					t.Errorf("%s: %s of a console's writer", files.Position(n.Pos()), name)
				}
			}
			if !slices.Contains([]string{"painter", "terminal", "newLog", "SetOut", "SetErr"}, name) && slices.ContainsFunc(call.Args, writer) {
				t.Errorf("%s: %s writes past the console", files.Position(n.Pos()), name)
			}
			return true
		})
	}
}

// writer says whether an expression is a console's output, or the process's.
func writer(x ast.Expr) bool {
	s, ok := x.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	of, _ := s.X.(*ast.Ident)
	return of != nil && (of.Name == "os" && (s.Sel.Name == "Stdout" || s.Sel.Name == "Stderr") || len(of.Name) == 1 && of.Name != "e" && (s.Sel.Name == "out" || s.Sel.Name == "err"))
}
