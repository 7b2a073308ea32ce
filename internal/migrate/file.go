package migrate

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/pintail-dev/pintail/schema"
)

// Snapshot is the file in a folder of migrations that holds the schema which they lead to.
const Snapshot = "schema.snapshot.graphql"

// A File is one migration for one engine: NNNN_name.sqlite.sql or NNNN_name.postgres.sql.
type File struct {
	Path       string
	Version    string // NNNN
	Name       string
	Checksum   string
	Statements []Statement
	Doomed     []Doomed // what its head says that it destroys
	Destroys   []string // paired with Doomed
}

var fileName = regexp.MustCompile(`^(\d{4,})_([A-Za-z0-9_-]+)\.(sqlite|postgres)\.sql$`)

// Files reads the migrations of a folder for an engine, in order. A folder that isn't there has none.
func Files(dir string, e Engine) ([]*File, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []*File
	for _, entry := range entries {
		m := fileName.FindStringSubmatch(entry.Name())
		if m == nil {
			if strings.HasSuffix(entry.Name(), ".sql") {
				return nil, fmt.Errorf("%s: a migration is called NNNN_name.sqlite.sql or NNNN_name.postgres.sql", filepath.Join(dir, entry.Name()))
			}
			continue
		}
		if m[3] != string(e) {
			continue
		}
		path := filepath.Join(dir, entry.Name())
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		f, err := readFile(text, e)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		f.Path, f.Version, f.Name = path, m[1], m[2]
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b *File) int { return cmp.Compare(a.Version, b.Version) })
	for i := 1; i < len(out); i++ {
		if out[i].Version == out[i-1].Version {
			return nil, fmt.Errorf("%s and %s have the same number: give the later one the next", out[i-1].Path, out[i].Path)
		}
	}
	return out, nil
}

// destroysLine is how a file's head says what it destroys, so that it can be counted and refused.
var destroysLine = regexp.MustCompile(`(?m)^-- destroys ("(?:[^"]|"")*"(?:\."(?:[^"]|"")*")?)( column ("(?:[^"]|"")*"))?: (.*)$`)

func readFile(text []byte, e Engine) (*File, error) {
	f := &File{Checksum: checksum(text)}
	split, err := splitSQL(string(text), e)
	if err != nil {
		return nil, err
	}
	f.Statements = statements(split...)
	for _, m := range destroysLine.FindAllStringSubmatch(string(text), -1) {
		d := Doomed{}
		parts := word.FindAllString(m[1], 2)
		bare := func(s string) string { return strings.ReplaceAll(s[1:len(s)-1], `""`, `"`) }
		if len(parts) == 2 {
			d.Table.Schema, d.Table.Name = bare(parts[0]), bare(parts[1])
		} else {
			d.Table.Name = bare(parts[0])
		}
		if m[3] != "" {
			d.Column = bare(m[3])
		}
		f.Doomed, f.Destroys = append(f.Doomed, d), append(f.Destroys, m[4])
	}
	return f, nil
}

// Write writes steps as a migration's text.
func Write(steps []Step, losses []Loss, e Engine) string {
	var b strings.Builder
	fmt.Fprintf(&b, "-- Written by `pintail schema diff` for %s. Read it, change it where you know better, commit it.\n",
		map[Engine]string{SQLite: "SQLite", Postgres: "PostgreSQL"}[e])
	for _, l := range losses {
		fmt.Fprintf(&b, "-- not kept: %s\n", oneLine(l.String()))
	}
	for _, s := range steps {
		if s.Destroys == "" {
			continue
		}
		if s.Doomed == nil {
			s.Doomed = &Doomed{}
		}
		at := identifier(s.Doomed.Table.Name)
		if s.Doomed.Table.Schema != "" {
			at = identifier(s.Doomed.Table.Schema) + "." + at
		}
		if s.Doomed.Column != "" {
			at += " column " + identifier(s.Doomed.Column)
		}
		fmt.Fprintf(&b, "-- destroys %s: %s\n", at, oneLine(s.Destroys))
	}
	for _, s := range steps {
		fmt.Fprintf(&b, "\n-- %s\n", oneLine(s.Does))
		for _, st := range s.Statements {
			b.WriteString(st.SQL)
			b.WriteString(";\n")
		}
	}
	return b.String()
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// ReadSnapshot reads the schema that a folder's migrations lead to; an empty one where there is no snapshot.
func ReadSnapshot(dir string) (*schema.Schema, error) {
	path := filepath.Join(dir, Snapshot)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		s := &schema.Schema{Default: "public", Exposed: []string{"public"}}
		s.Link()
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	s, mistakes := schema.Parse(schema.Source{Name: path, Text: string(text)})
	if len(mistakes) > 0 {
		return nil, fmt.Errorf("the snapshot can't be read: %w", schema.Mistakes(mistakes))
	}
	return s, nil
}

func nextVersion(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	last := 0
	for _, e := range entries {
		if m := fileName.FindStringSubmatch(e.Name()); m != nil {
			n := 0
			fmt.Sscanf(m[1], "%d", &n)
			last = max(last, n)
		}
	}
	return fmt.Sprintf("%04d", last+1), nil
}

var notFileWord = regexp.MustCompile(`[^A-Za-z0-9_-]+`)

// fileWord makes a word for a file's name of what a person typed.
func fileWord(name string) string {
	return cmp.Or(strings.Trim(notFileWord.ReplaceAllString(name, "_"), "_"), "change")
}
