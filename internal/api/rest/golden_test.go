package rest

import (
	"bytes"
	"flag"
	"fmt"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/internal/api"
	"github.com/pintail-dev/pintail/query"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden holds requests against what they are read as. A file under testdata has a case a block, with an empty line
// between blocks:
//
//	> METHOD /path?query
//	> Header: value
//	> | a line of the body
//	the query, or the status and body of the refusal
//
// Requests are read with the options that a line "# options" names at the head of the file.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			was, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := rewrite(t, string(was))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(was) {
				t.Errorf("%s differs; go test -update shows how in git diff. First difference:\n%s", file, firstDifference(string(was), got))
			}
		})
	}
}

// rewrite gives a golden file with its answers made anew.
func rewrite(t *testing.T, file string) string {
	o := Options{Prefix: "/rest/v1", Default: "public", Exposed: []string{"public"}}
	var out strings.Builder
	for block := range strings.SplitSeq(strings.TrimRight(file, "\n")+"\n", "\n\n") {
		if out.Len() > 0 {
			out.WriteByte('\n')
		}
		lines := strings.Split(strings.TrimSuffix(block, "\n"), "\n")
		var request []string
		for _, l := range lines {
			if rest, ok := strings.CutPrefix(l, "# options "); ok {
				setOptions(t, &o, rest)
			}
			if strings.HasPrefix(l, "#") || strings.HasPrefix(l, ">") {
				out.WriteString(l + "\n")
			}
			if strings.HasPrefix(l, ">") {
				request = append(request, strings.TrimPrefix(strings.TrimPrefix(l, ">"), " "))
			}
		}
		if len(request) > 0 {
			out.WriteString(read(parseRequest(t, request), o))
		}
	}
	return out.String()
}

func setOptions(t *testing.T, o *Options, text string) {
	for _, kv := range strings.Fields(text) {
		key, value, _ := strings.Cut(kv, "=")
		switch key {
		case "max_rows":
			if _, err := fmt.Sscan(value, &o.MaxRows); err != nil {
				t.Fatal(err)
			}
		case "tx_end":
			o.TxEnd = value
		case "exposed":
			o.Exposed = strings.Split(value, ",")
		case "plan":
			o.PlanEnabled = value == "true"
		default:
			t.Fatalf("unknown option %q", key)
		}
	}
}

// read gives what a golden file says of a request.
func read(r *api.Request, o Options) string {
	a, err := Parse(r, o)
	if err != nil {
		f := Fault(r, err)
		return fmt.Sprintf("%d %s\n", f.Status, f.Body)
	}
	var b strings.Builder
	switch {
	case a.Query != nil:
		b.WriteString(query.Dump(a.Query))
	default:
		fmt.Fprintf(&b, "%s %s\n", [...]string{Describe: "describe", Root: "document"}[a.Kind], a.Name)
	}
	if a.Zone != "" {
		fmt.Fprintf(&b, "zone %s\n", a.Zone)
	}
	if a.Explain != nil {
		fmt.Fprintf(&b, "explain %+v\n", *a.Explain)
	}
	if a.media.kind != mediaJSON {
		fmt.Fprintf(&b, "media %s\n", a.media.contentType())
	}
	if applied := a.applied(true); applied != "" {
		fmt.Fprintf(&b, "applied %s\n", applied)
	}
	if a.profile != "" {
		fmt.Fprintf(&b, "profile %s\n", a.profile)
	}
	return b.String()
}

// parseRequest makes a request of the lines of a golden file.
func parseRequest(t testing.TB, lines []string) *api.Request {
	method, target, ok := strings.Cut(lines[0], " ")
	if !ok {
		t.Fatalf("no request: %q", lines[0])
	}
	path, raw, _ := strings.Cut(target, "?")
	decoded, _ := unescape(strings.ReplaceAll(path, "+", "%2B"))
	headers := map[string][]string{}
	var body []string
	for _, l := range lines[1:] {
		if line, ok := strings.CutPrefix(l, "|"); ok {
			body = append(body, strings.TrimPrefix(line, " "))
			continue
		}
		name, value, _ := strings.Cut(l, ": ")
		name = textproto.CanonicalMIMEHeaderKey(name)
		headers[name] = append(headers[name], value)
	}
	return request(method, decoded, path, raw, headers, strings.Join(body, "\n"))
}

func request(method, path, rawPath, raw string, headers map[string][]string, body string) *api.Request {
	r := &api.Request{
		Method: method, Path: path, RawPath: rawPath, RawQuery: raw,
		Header: func(name string) string {
			if v := headers[name]; len(v) > 0 {
				return v[0]
			}
			return ""
		},
		Values:  func(name string) []string { return headers[name] },
		BodyLen: int64(len(body)),
	}
	if body != "" {
		r.Body = bytes.NewReader([]byte(body))
	}
	return r
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range max(len(x), len(y)) {
		var l, r string
		if i < len(x) {
			l = x[i]
		}
		if i < len(y) {
			r = y[i]
		}
		if l != r {
			return fmt.Sprintf("line %d:\n-%s\n+%s", i+1, l, r)
		}
	}
	return ""
}
