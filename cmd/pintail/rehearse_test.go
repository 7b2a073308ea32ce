package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/rehearse"
	"github.com/pintail-dev/pintail/internal/shoptest"
	"github.com/pintail-dev/pintail/query"
)

// production makes a capture of a small shop that was asked three things, and gives the shop's address and the capture's file.
func production(t *testing.T) (dsn, path string, capture *rehearse.Capture) {
	t.Helper()
	ctx := context.Background()
	s := shoptest.Schema(t)
	dsn = shoptest.SQLiteDSN(t, s)
	db, err := migrate.OpenExisting(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(ctx)
	capture = &rehearse.Capture{Format: rehearse.Format, Engine: "sqlite", Schema: s.Version, Pintail: "test", Server: "3.53.4", Taken: time.Unix(1_700_000_000, 0).UTC()}
	if capture.Tables, _, err = rehearse.TakeTables(ctx, db, s, rehearse.TableOptions{}); err != nil {
		t.Fatal(err)
	}
	all := []query.Item{&query.Output{Star: true}}
	order := query.Name{Name: "order"}
	for _, q := range []struct {
		id, label string
		q         query.Query
	}{
		{"000000000001", "read order by id", &query.Select{From: order, Items: all, Where: &query.Compare{Field: query.Field{Column: "id"}, Op: query.Eq, Value: query.Text("")}}},
		{"000000000002", "dearest <script>alert(1)</script>", &query.Select{From: order, Items: all, Page: query.Page{Limit: query.Int(20)},
			Order: []query.Order{{Field: query.Field{Column: "total"}, Direction: query.Desc}}}},
		{"000000000003", "of what is gone", &query.Select{From: query.Name{Name: "invoice"}, Items: all}},
	} {
		text, err := query.Encode(q.q)
		if err != nil {
			t.Fatal(err)
		}
		rows := 1.0
		if q.id == "000000000002" {
			rows = 20
		}
		capture.Shapes = append(capture.Shapes, rehearse.Shape{ID: q.id, Role: "admin", Label: q.label, Query: text, Calls: 50, Rate: 1, Rows: rows, P50: 1, P99: 2})
	}
	path = filepath.Join(t.TempDir(), "production.json")
	saveCapture(t, path, capture)
	return dsn, path, capture
}

func saveCapture(t *testing.T, path string, c *rehearse.Capture) {
	t.Helper()
	text, err := rehearse.Write(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// rehearsed runs the command.
func rehearsed(t *testing.T, args ...string) (code int, out, said string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(context.Background(), append([]string{"rehearse", "--schema", "../../demo/schema.graphql"}, args...), console{in: strings.NewReader(""), out: &stdout, err: &stderr})
	return code, stdout.String(), stderr.String()
}

func TestRehearse(t *testing.T) {
	if testing.Short() {
		t.Skip("it grows a shadow step by step, which takes minutes under the race detector: `make test` runs it without")
	}
	dsn, path, _ := production(t)
	report := filepath.Join(t.TempDir(), "report.html")
	code, out, said := rehearsed(t, "--database", dsn, "--from", path, "--rows", "20000", "--to", "1000", "--report", report)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, said)
	}
	if want := "note: the schema file doesn't have what the capture knows: shape 000000000003 (of what is gone). Nothing can be said"; !strings.Contains(said, want) {
		t.Errorf("%q is missing from\n%s", want, said)
	}
	for _, want := range []string{"linear·log", ", at 10x ", ", at 1000x ", `type order @index(columns: ["-total"`, "of what is gone  unknown", "invoice", "1 of 3 queries is flat."} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing from\n%s", want, out)
		}
	}
	if err := reportOutput().check(report); err != nil {
		t.Errorf("the report couldn't be made anew: %v", err)
	}
	page, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	for _, never := range []string{"<script", "javascript:", "http://", "https://", " onload", "url("} {
		if bytes.Contains(page, []byte(never)) {
			t.Errorf("the report has %s in it", never)
		}
	}
	for _, want := range []string{">at 10×<", ">at 1000×<"} {
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("the report has no column %s", want)
		}
	}
	if bytes.Count(page, []byte("<svg")) != 2 {
		t.Errorf("the report has %d plots, want one for each query that was measured", bytes.Count(page, []byte("<svg")))
	}
	kept, err := os.ReadFile(filepath.Join(filepath.Dir(strings.TrimPrefix(dsn, "sqlite:")), "rehearsal.json"))
	var summary rehearse.Summary
	if err == nil {
		err = json.Unmarshal(kept, &summary)
	}
	if err != nil || summary.Classes["flat"] != 1 || len(summary.Queries) != 3 || len(summary.Queries[0].Advice) != 1 {
		t.Errorf("the summary is %s, %v", kept, err)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(strings.TrimPrefix(dsn, "sqlite:")), ".pintail*"))
	if err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

func TestRehearseGate(t *testing.T) {
	if testing.Short() {
		t.Skip("it grows a shadow step by step, which takes minutes under the race detector: `make test` runs it without")
	}
	dsn, path, capture := production(t)
	for _, test := range []struct {
		most string
		more []string
		code int
		says string
	}{
		{"flat", nil, 1, "1 query is worse than flat, of 1 query nothing can be said"},
		{"linear-log", nil, 1, "of 1 query nothing can be said"},
		{"linear-log", []string{"--allow-unknown"}, 0, ""},
		{"linear", []string{"--allow-unknown"}, 1, "1 query is worse than linear"},
		{"quadratic", []string{"--allow-unknown", "--json"}, 0, ""},
	} {
		args := append([]string{"--database", dsn, "--from", path, "--rows", "20000", "--scenario", "more", "--max-class", test.most}, test.more...)
		code, out, said := rehearsed(t, args...)
		if code != test.code || !strings.Contains(said, test.says) {
			t.Errorf("%v: exit code %d, said %s; want %d, %q", args[len(args)-2:], code, said, test.code, test.says)
		}
		if len(test.more) == 2 {
			var rep rehearse.Report
			if err := json.Unmarshal([]byte(out), &rep); err != nil || len(rep.Verdicts) != len(capture.Shapes) {
				t.Errorf("--json prints %.200s, %v", out, err)
			}
		}
	}
}

func TestRehearseRefuses(t *testing.T) {
	dsn, path, capture := production(t)
	dir := t.TempDir()
	file := func(name string, change func(c *rehearse.Capture)) string {
		c := *capture
		change(&c)
		path := filepath.Join(dir, name)
		saveCapture(t, path, &c)
		return path
	}
	none := file("none.json", func(c *rehearse.Capture) { c.Shapes = nil })
	postgres := file("postgres.json", func(c *rehearse.Capture) { c.Engine = "postgres" })
	elsewhere := file("elsewhere.json", func(c *rehearse.Capture) { c.Tables = []rehearse.Table{{Name: "invoice", Rows: 3}} })
	vast := file("vast.json", func(c *rehearse.Capture) {
		c.Tables = append([]rehearse.Table{}, c.Tables...)
		c.Tables[0].Bytes = 1 << 48
	})
	noCapture := filepath.Join(dir, "no.json")
	if err := os.WriteFile(noCapture, []byte(`{"a": 1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"a scenario", []string{"--scenario", "smaller"}, 2, "more, bigger or both"},
		{"growth", []string{"--to", "1"}, 2, "from 2 to"},
		{"growth that is no number", []string{"--to", "NaN"}, 2, "from 2 to"},
		{"rows", []string{"--rows", "19999"}, 2, "from 20000"},
		{"a class", []string{"--max-class", "fast"}, 2, "one of flat"},
		{"unknown as a class", []string{"--max-class", "unknown"}, 2, "one of flat"},
		{"a gate that is none", []string{"--allow-unknown"}, 2, "--max-class"},
		{"a seed", []string{"--seed", "0"}, 2, "from 1 on"},
		{"time", []string{"--time", "0s"}, 2, "duration"},
		{"a report over a schema file", []string{"--report", "../../demo/schema.graphql"}, 2, "holds no report that could be replaced"},
		{"a report over the database", []string{"--report", strings.TrimPrefix(dsn, "sqlite:")}, 2, "holds no report that could be replaced"},
		{"a report over a folder", []string{"--report", dir}, 2, "it is a folder"},
		{"a report's folder", []string{"--report", filepath.Join(dir, "no", "report.html")}, 2, "no folder"},
		{"capture and rehearse", []string{"--capture", filepath.Join(dir, "c.json"), "--to", "10"}, 2, "leave --to out"},
		{"a file that isn't there", []string{"--from", filepath.Join(dir, "gone.json")}, 2, "gone.json"},
		{"a file that is no capture", []string{"--from", noCapture}, 2, "no.json"},
		{"a capture without queries", []string{"--from", none}, 2, "no queries"},
		{"a capture of another engine", []string{"--from", postgres}, 2, "another engine"},
		{"a capture of another schema", []string{"--from", elsewhere}, 1, "another schema"},
		{"a small disk", []string{"--from", vast}, 1, "make room"},
		{"a database that isn't there", []string{"--from", path, "--database", "sqlite:" + filepath.Join(dir, "gone.db")}, 1, "no file"},
		{"no server", []string{"--admin", "127.0.0.1:9"}, 1, "--from"},
		{"no server to ask", []string{"--admin", "off"}, 2, "name its admin address with --admin HOST:PORT"},
	} {
		args := test.args
		if !strings.Contains(strings.Join(args, " "), "--database") {
			args = append(args, "--database", dsn)
		}
		code, _, said := rehearsed(t, args...)
		if code != test.code || !strings.Contains(said, test.says) {
			t.Errorf("%s: exit code %d, said %s; want %d and %q", test.name, code, said, test.code, test.says)
		}
	}
}
