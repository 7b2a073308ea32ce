package pintail_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/pintail-dev/pintail"

// The order of packages stands in ARCHITECTURE.md, in the block under this heading: a package imports only what stands
// before it. The order is a statement of policy. Don't move a package to make a build pass: move the code.
const orderHeading = "## Who may import whom"

const (
	sqliteDriver = "github.com/ncruces/go-sqlite3"
	pgxDriver    = "github.com/jackc/pgx/v5"
)

// A rule keeps imports out of some packages, and out of everything of ours that these import. A name stands for the
// package and the ones below it.
type rule struct {
	packages []string
	imports  []string
	because  string
}

var rules = []rule{
	{
		packages: []string{"fault", "query", "schema", "internal/value", "internal/policy", "internal/plan", "internal/store/dialect"},
		imports:  []string{"net/http", "database/sql", sqliteDriver, pgxDriver},
		because:  "it is a pure function from value to value: it knows no HTTP and no database",
	},
	{
		packages: []string{"internal/api"},
		imports:  []string{"database/sql", sqliteDriver, pgxDriver, own("internal/store/dialect"), own("internal/store/sqlite"), own("internal/store/postgres")},
		because:  "an API turns bytes into queries and back: it knows no SQL",
	},
	{
		packages: []string{"internal/gate"},
		imports:  []string{"database/sql", sqliteDriver, pgxDriver, own("internal/store")},
		because:  "the gate holds no data",
	},
	{
		packages: []string{"internal/store/sqlite"},
		imports:  []string{pgxDriver, own("internal/store/postgres")},
		because:  "the engines don't know each other",
	},
	{
		packages: []string{"internal/store/postgres"},
		imports:  []string{sqliteDriver, own("internal/store/sqlite")},
		because:  "the engines don't know each other",
	},
	{
		packages: []string{".", "fault", "query", "schema", "internal"},
		imports:  []string{"flag", "github.com/spf13/cobra", "github.com/spf13/pflag"},
		because:  "only cmd reads flags",
	},
}

// A graph says what each package of the module imports, tests aside. The root package is ".".
type graph map[string][]string

func TestImports(t *testing.T) {
	text, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	order, err := readOrder(string(text))
	if err != nil {
		t.Fatal(err)
	}
	g, err := readImports(".")
	if err != nil {
		t.Fatal(err)
	}
	if len(g) < 5 {
		t.Fatalf("found only %d packages", len(g))
	}
	for _, wrong := range check(order, g) {
		t.Error(wrong)
	}
}

// TestImportsCanFail feeds the check graphs that are wrong in one way each, and a right one.
func TestImportsCanFail(t *testing.T) {
	order := []string{"fault", "query", "internal/plan", "internal/store", "internal/api", "internal/store/dialect",
		"internal/store/sqlite", "internal/node", "internal/gate", ".", "cmd/pintail"}
	for name, c := range map[string]struct {
		g    graph
		want string // "" where nothing is wrong
	}{
		"right": {graph{"fault": {"fmt"}, "query": {own("fault")}, "internal/store/sqlite": {sqliteDriver, own("internal/store/dialect")},
			"internal/pgtest": {pgxDriver, own("query")}, ".": {own("internal/node"), "net/http"}, "internal/node": {own("internal/plan")},
			"cmd/pintail": {module, "github.com/spf13/cobra"}}, ""},
		"an arrow that runs the wrong way": {graph{"query": {own("internal/plan")}},
			"query imports internal/plan, which stands after it"},
		"the root imported from within": {graph{"internal/node": {module}},
			"internal/node imports ., which stands after it"},
		"a package without a place": {graph{"internal/util": {"fmt"}},
			"internal/util has no place"},
		"an import without a place": {graph{"query": {own("internal/util")}},
			"query imports internal/util, which has no place"},
		"a driver in a pure stage": {graph{"internal/plan": {pgxDriver + "/pgtype"}},
			"internal/plan imports " + pgxDriver + "/pgtype: it is a pure function"},
		"HTTP by way of another package": {graph{"internal/plan": {own("fault")}, "fault": {"net/http"}},
			"internal/plan → fault imports net/http"},
		"SQL in an API": {graph{"internal/api": {"database/sql"}},
			"internal/api imports database/sql: an API turns bytes into queries"},
		"data in the gate": {graph{"internal/gate": {own("internal/store")}},
			"internal/gate imports internal/store: the gate holds no data"},
		"flags outside of cmd": {graph{"internal/node": {"flag"}},
			"internal/node imports flag: only cmd reads flags"},
		"a test's package outside of tests": {graph{"internal/node": {own("internal/pgtest")}},
			"internal/node imports internal/pgtest, which is for tests only"},
	} {
		t.Run(name, func(t *testing.T) {
			got := strings.Join(check(order, c.g), "\n")
			if c.want == "" && got != "" {
				t.Errorf("a right graph is refused:\n%s", got)
			}
			if !strings.Contains(got, c.want) {
				t.Errorf("the check says %q, want %q in it", got, c.want)
			}
		})
	}
}

// own is the import path of a package of the module.
func own(pkg string) string { return module + "/" + pkg }

// within is the package of the module that an import path names. Another module's path comes back as it is.
func within(imported string) (pkg string, ok bool) {
	if imported == module {
		return ".", true
	}
	return strings.CutPrefix(imported, module+"/")
}

// forTests tells whether a package exists for tests only: its name says so.
func forTests(pkg string) bool { return strings.HasSuffix(pkg, "test") }

// check says what is wrong with a graph, one sentence each, sorted.
func check(order []string, g graph) []string {
	var wrong []string
	for _, pkg := range slices.Sorted(maps.Keys(g)) {
		if forTests(pkg) {
			continue
		}
		place := slices.Index(order, pkg)
		if place < 0 {
			wrong = append(wrong, fmt.Sprintf("%s has no place in ARCHITECTURE.md, %q: add it after all that it may import, and before all that may import it", pkg, orderHeading))
			continue
		}
		for _, imported := range g[pkg] {
			dep, ok := within(imported)
			if !ok {
				continue
			}
			switch at := slices.Index(order, dep); {
			case forTests(dep):
				wrong = append(wrong, fmt.Sprintf("%s imports %s, which is for tests only", pkg, dep))
			case at < 0:
				wrong = append(wrong, fmt.Sprintf("%s imports %s, which has no place in ARCHITECTURE.md", pkg, dep))
			case at >= place:
				wrong = append(wrong, fmt.Sprintf("%s imports %s, which stands after it in ARCHITECTURE.md, %q", pkg, dep, orderHeading))
			}
		}
	}
	for _, r := range rules {
		for _, pkg := range slices.Sorted(maps.Keys(g)) {
			if !forTests(pkg) && slices.ContainsFunc(r.packages, func(p string) bool { return below(pkg, p) }) {
				wrong = append(wrong, r.breaches(g, pkg, pkg, map[string]bool{})...)
			}
		}
	}
	slices.Sort(wrong)
	return slices.Compact(wrong)
}

// breaches follows what pkg imports within the module; chain is the way there.
func (r rule) breaches(g graph, pkg, chain string, seen map[string]bool) []string {
	if seen[pkg] {
		return nil
	}
	seen[pkg] = true
	var wrong []string
	for _, imported := range g[pkg] {
		dep, ours := within(imported)
		if slices.ContainsFunc(r.imports, func(i string) bool { return below(imported, i) }) {
			wrong = append(wrong, fmt.Sprintf("%s imports %s: %s", chain, dep, r.because))
		} else if ours {
			wrong = append(wrong, r.breaches(g, dep, chain+" → "+dep, seen)...)
		}
	}
	return wrong
}

// below tells whether a path is the root or stands under it. Only the root package is below ".".
func below(p, root string) bool { return p == root || strings.HasPrefix(p, root+"/") }

// readOrder reads the packages, in order, from the code block under the heading.
func readOrder(text string) ([]string, error) {
	_, after, found := strings.Cut(text, orderHeading+"\n")
	_, after, opened := strings.Cut(after, "\n```\n")
	block, _, closed := strings.Cut(after, "\n```\n")
	if !found || !opened || !closed {
		return nil, fmt.Errorf("ARCHITECTURE.md has no code block under %q", orderHeading)
	}
	order := strings.Fields(block)
	for i, pkg := range order {
		if slices.Contains(order[:i], pkg) {
			return nil, fmt.Errorf("ARCHITECTURE.md lists %s twice", pkg)
		}
	}
	return order, nil
}

// readImports reads the module's source, for every platform, tests and other modules aside.
func readImports(root string) (graph, error) {
	g := graph{}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if file == root {
				return nil
			}
			_, err := os.Stat(filepath.Join(file, "go.mod"))
			if err == nil || name == "testdata" || name == "node_modules" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		pkg := path.Dir(filepath.ToSlash(file))
		if g[pkg] == nil {
			g[pkg] = []string{}
		}
		for _, spec := range f.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if !slices.Contains(g[pkg], imported) {
				g[pkg] = append(g[pkg], imported)
			}
		}
		return nil
	})
	return g, err
}

// TestDependencies: each direct dependency stands in ARCHITECTURE.md with its reason, and nothing else does.
func TestDependencies(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	var direct, told []string
	for line := range strings.Lines(read("go.mod")) {
		words := strings.Fields(strings.TrimPrefix(line, "require "))
		switch {
		case len(words) == 2 && strings.HasPrefix(words[1], "v"):
			direct = append(direct, strings.TrimPrefix(words[0], "github.com/"))
		case len(words) == 2 && words[0] == "tool":
			direct = append(direct, strings.TrimPrefix(strings.Split(words[1], "/cmd/")[0], "github.com/"))
		}
	}
	_, after, _ := strings.Cut(read("ARCHITECTURE.md"), "\n## Dependencies\n")
	for line := range strings.Lines(after) {
		cells := strings.Split(line, "|")
		if len(cells) == 5 && strings.Contains(cells[1], "/") {
			for name := range strings.SplitSeq(cells[1], ",") {
				told = append(told, strings.TrimSpace(name))
			}
		}
	}
	slices.Sort(direct)
	slices.Sort(told)
	if len(direct) < 10 || !slices.Equal(direct, told) {
		t.Errorf("go.mod and ARCHITECTURE.md's table of dependencies differ:\ngo.mod          %q\nARCHITECTURE.md %q", direct, told)
	}
}
