package hasura

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/pgtest"
	"github.com/pintail-dev/pintail/schema"
)

var update = flag.Bool("update", false, "write what comes out into testdata")

// database makes an empty one and runs a script in it.
func database(t testing.TB, script string) *migrate.Database {
	t.Helper()
	d, err := migrate.Open(t.Context(), pgtest.DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if script != "" {
		if _, err := d.PG.PgConn().Exec(t.Context(), script).ReadAll(); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// lay reads metadata and lays it over what a database holds.
func lay(t testing.TB, d *migrate.Database, m *Metadata) (string, []migrate.Report) {
	t.Helper()
	source, err := m.Choose("")
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := d.Inspect(t.Context(), migrate.Options{Schemas: source.Schemas(), MayMiss: true})
	if err != nil {
		t.Fatal(err)
	}
	s, reports, err := source.Lay(s)
	if err != nil {
		t.Fatal(err)
	}
	return schema.Print(s), reports
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s isn't what comes out (-update writes it)\n%s", path, got)
	}
}

// reportText writes reports without their places, which differ between a file and a folder.
func reportText(reports []migrate.Report) string {
	var b strings.Builder
	for _, r := range reports {
		if i := strings.LastIndex(r.Object, ".json:"); i >= 0 || strings.Contains(r.Object, ".yaml:") {
			at := strings.Index(r.Object, ": ")
			r.Object = r.Object[at+2:]
		}
		loud := ""
		if r.Loud {
			loud = "LOUD "
		}
		fmt.Fprintf(&b, "%s%s\n    %s\n    %s\n", loud, r.Object, r.What, r.Why)
	}
	return b.String()
}

// The metadata of a shop, with some of everything that Hasura has, as the console exports it.
func TestExportedMetadata(t *testing.T) {
	script, err := os.ReadFile("testdata/shop.sql")
	if err != nil {
		t.Fatal(err)
	}
	m, err := Read("testdata/shop.json")
	if err != nil {
		t.Fatal(err)
	}
	d := database(t, string(script))
	file, reports := lay(t, d, m)
	golden(t, "testdata/shop.graphql", file)
	golden(t, "testdata/shop.reports", reportText(reports))
	for _, r := range reports {
		if strings.Contains(r.Object, "event trigger") && !strings.HasPrefix(r.Object, "testdata/shop.json:") {
			t.Errorf("%q doesn't say where it stands", r.Object)
		}
	}
	s := parse(t, file)
	if again := schema.Print(s); again != file {
		t.Errorf("printed again it differs:\n%s", again)
	}
	problems, err := d.InStep(t.Context(), s)
	if err != nil || len(problems) > 0 {
		t.Errorf("the database isn't in step with its own file: %v %v", problems, err)
	}
	t.Run("folder", func(t *testing.T) {
		m, err := Read("testdata/shop")
		if err != nil {
			t.Fatal(err)
		}
		other, more := lay(t, d, m)
		if other != file {
			t.Errorf("the folder gives another file:\n%s", other)
		}
		a, b := strings.Split(reportText(reports), "\n"), strings.Split(reportText(more), "\n")
		slices.Sort(a)
		slices.Sort(b)
		if !slices.Equal(a, b) {
			t.Errorf("the folder gives other reports:\n%s", reportText(more))
		}
		for _, r := range more {
			if strings.Contains(r.Object, "event trigger") && !strings.HasPrefix(r.Object, "testdata/shop/databases/main/tables/public_customer.yaml:") {
				t.Errorf("%q doesn't say where it stands", r.Object)
			}
		}
	})
}

func parse(t testing.TB, text string) *schema.Schema {
	t.Helper()
	s, mistakes := schema.Parse(schema.Source{Name: "schema.graphql", Text: text})
	if len(mistakes) > 0 {
		t.Fatalf("%s\n%s", schema.Mistakes(mistakes), text)
	}
	return s
}

// What is imported makes an empty database, and imported from that with the same metadata it is the same file.
func TestImportApplyImport(t *testing.T) {
	script, err := os.ReadFile("testdata/cafe.sql")
	if err != nil {
		t.Fatal(err)
	}
	read := func() *Metadata {
		m, err := Read("testdata/cafe.json")
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	file, reports := lay(t, database(t, string(script)), read())
	golden(t, "testdata/cafe.graphql", file)
	if len(reports) > 0 {
		t.Errorf("nothing should be left out, but:\n%s", reportText(reports))
	}
	fresh := database(t, "")
	s := parse(t, file)
	if _, err := fresh.Sync(t.Context(), s, migrate.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	problems, err := fresh.InStep(t.Context(), s)
	if err != nil || len(problems) > 0 {
		t.Errorf("not in step: %v %v", problems, err)
	}
	again, _ := lay(t, fresh, read())
	if again != file {
		t.Errorf("imported again it differs:\n%s", again)
	}
}

func TestChoose(t *testing.T) {
	sources := func(s string) *Metadata {
		m, err := Parse("m.json", []byte(`{"version": 3, "sources": [`+s+`]}`))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	const a, b, c = `{"name": "a", "kind": "postgres"}`, `{"name": "b", "kind": "postgres"}`, `{"name": "c", "kind": "mssql"}`
	for _, k := range []struct{ sources, name, want, err string }{
		{a, "", "a", ""},
		{a + "," + c, "", "a", ""},
		{a + "," + b, "b", "b", ""},
		{a + "," + b, "", "", "choose one with --source: a, b"},
		{a, "x", "", `no source "x"`},
		{c, "", "", "no source of PostgreSQL, only c (mssql)"},
		{a + "," + c, "c", "", `no source "c" of PostgreSQL`},
		{"", "", "", "has no source"},
	} {
		got, err := sources(k.sources).Choose(k.name)
		switch {
		case k.err != "":
			if err == nil || !strings.Contains(err.Error(), k.err) {
				t.Errorf("%s, %q: got %v, want %s", k.sources, k.name, err, k.err)
			}
		case err != nil || got.node.string("name") != k.want:
			t.Errorf("%s, %q: got %v, %v", k.sources, k.name, got, err)
		}
	}
}

// testdata/mistakes.txt has a case after a case: what is wrong, the file, and what is said.
func TestMalformedMetadata(t *testing.T) {
	const path = "testdata/mistakes.txt"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, c := range strings.Split(strings.TrimSpace(string(text)), "\n====\n") {
		title, rest, _ := strings.Cut(c, "\n")
		file, want, _ := strings.Cut(rest, "\n----\n")
		name := "metadata.yaml"
		if strings.HasPrefix(strings.TrimSpace(file), "{") {
			name = "metadata.json"
		}
		got := said(t, name, file)
		if got == "" {
			t.Errorf("%s: nothing was said", title)
		}
		if got != want && !*update {
			t.Errorf("%s:\n%s\n\ngot\n%s\n\nwant\n%s", title, file, got, want)
		}
		out = append(out, title+"\n"+file+"\n----\n"+got)
	}
	if *update {
		if err := os.WriteFile(path, []byte(strings.Join(out, "\n====\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// said reads metadata as far as it goes over a schema of one table, and gives the error.
func said(t *testing.T, name, text string) string {
	m, err := Parse(name, []byte(text))
	if err != nil {
		return err.Error()
	}
	source, err := m.Choose("")
	if err != nil {
		return err.Error()
	}
	if _, _, err = source.Lay(parse(t, "type t @table {\n  id: Int! @id\n  u_id: Int\n  u: t @relation(columns: [\"u_id\"])\n}\ntype Query {\n  f: Int @function\n}\n")); err != nil {
		return err.Error()
	}
	return ""
}

func TestIncludesStayInTheFolder(t *testing.T) {
	dir := t.TempDir()
	write := func(path, text string) {
		t.Helper()
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("secret.yaml", "- table: t\n")
	write("p/metadata/version.yaml", "version: 3\n")
	write("p/metadata/databases/loop.yaml", "\"!include loop.yaml\"\n")
	if err := os.Symlink(filepath.Join(dir, "secret.yaml"), filepath.Join(dir, "p/metadata/databases/link.yaml")); err != nil {
		t.Fatal(err)
	}
	for include, want := range map[string]string{
		"../../../secret.yaml":       "stands outside of the folder",
		dir + "/secret.yaml":         "there is no such file",
		"loop.yaml":                  "includes itself",
		"nothing.yaml":               "nothing.yaml can't be read: there is no such file",
		"link.yaml":                  "escapes from parent",
		"../databases/../../../x":    "stands outside of the folder",
		"../../metadata/version.yml": "stands outside of the folder",
	} {
		write("p/metadata/databases/databases.yaml", "- name: a\n  kind: postgres\n  tables: \"!include "+include+"\"\n")
		_, err := Read(filepath.Join(dir, "p"))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "databases.yaml:3:") && include != "loop.yaml" {
			t.Errorf("include %s: got %v, want %s", include, err, want)
		}
	}
	write("p/metadata/databases/tables.yaml", "")
	write("p/metadata/databases/databases.yaml", "- name: a\n  kind: postgres\n  tables: \"!include tables.yaml\"\n")
	if _, err := Read(filepath.Join(dir, "p")); err != nil {
		t.Errorf("an empty file that is included: %v", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"empty": "no metadata", "q": "no such file"} {
		if _, err := Read(filepath.Join(dir, path)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", path, err, want)
		}
	}
}

// What docs/limits.md says of metadata holds at the limit, and one past it doesn't.
func TestLimits(t *testing.T) {
	refuses := func(what, want string, ok, tooMuch func() error) {
		t.Helper()
		if err := ok(); err != nil {
			t.Errorf("%s at the limit: %.200v", what, err)
		}
		if err := tooMuch(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s past the limit: got %.200v, want %s", what, err, want)
		}
	}
	parsing := func(name, text string) func() error {
		return func() error { _, err := Parse(name, []byte(text)); return err }
	}
	const head = `{"version": 3, "sources": []`
	refuses("a file", "larger than 32 MiB",
		parsing("m.json", head+strings.Repeat(" ", 32<<20-len(head)-1)+"}"), parsing("m.json", head+strings.Repeat(" ", 32<<20-len(head))+"}"))
	deep := func(n int) string { // the object itself is the first
		return `{"version": 3, "x": ` + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + "}"
	}
	refuses("JSON, nested", "deeper than 100", parsing("m.json", deep(101)), parsing("m.json", deep(102)))
	deepYAML := func(n int) string {
		return "version: 3\nx: " + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + "\n"
	}
	refuses("YAML, nested", "deeper than 100", parsing("m.yaml", deepYAML(101)), parsing("m.yaml", deepYAML(102)))
	for _, bomb := range []string{strings.Repeat("[", 1<<20), strings.Repeat("- ", 1<<20), strings.Repeat("? ", 1<<20), strings.Repeat("{a: ", 1<<18)} {
		if err := parsing("m.yaml", "version: 3\nx: "+bomb)(); err == nil {
			t.Errorf("%.10s… was read", bomb)
		}
		if err := parsing("m.yaml", bomb)(); err == nil {
			t.Errorf("%.10s… was read", bomb)
		}
	}
	chain := func(n int) func() error {
		return func() error {
			dir := t.TempDir()
			for i := range n {
				text := fmt.Sprintf("\"!include %d.yaml\"\n", i+1)
				if i == n-1 {
					text = "[]\n"
				}
				if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.yaml", i)), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.WriteFile(filepath.Join(dir, "m.yaml"), []byte("version: 3\nx: \"!include 0.yaml\"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := Read(filepath.Join(dir, "m.yaml"))
			return err
		}
	}
	refuses("files that include files", "too many files", chain(16), chain(17))
	wide := func(n int) func() error {
		return func() error {
			dir := t.TempDir()
			list := "version: 3\nx:\n" + strings.Repeat("- \"!include e.yaml\"\n", n)
			for name, text := range map[string]string{"m.yaml": list, "e.yaml": ""} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			_, err := Read(filepath.Join(dir, "m.yaml"))
			return err
		}
	}
	refuses("included files", "too many files", wide(10_000), wide(10_001))
	sum := func(before int64) func() error {
		return func() error {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "m.yaml"), []byte("version: 3\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := (&reader{document: &document{}, dir: dir, fsys: os.DirFS(dir), total: before}).bytes("m.yaml")
			return err
		}
	}
	refuses("all files", "larger than 128 MiB together", sum(128<<20-11), sum(128<<20-10))
	var wrong strings.Builder
	for i := range 30 {
		fmt.Fprintf(&wrong, "- %d\n", i)
	}
	m, err := Parse("m.yaml", []byte("version: 3\nsources:\n"+wrong.String()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Choose(""); err == nil || strings.Count(err.Error(), "\n") != 20 {
		t.Errorf("30 mistakes are told as %v", err)
	}
}
