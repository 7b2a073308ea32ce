package pintail_test

import (
	"bytes"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/internal/auth"
	"github.com/pintail-dev/pintail/internal/node"
	"github.com/pintail-dev/pintail/internal/shoptest"
)

// audits is how many audits graphql-http 1.23 has of a server.
const audits = 61

// TestGraphQLOverHTTP runs every audit of the npm package graphql-http: the specification's own list of what a server must,
// should and may do.
func TestGraphQLOverHTTP(t *testing.T) {
	if testing.Short() {
		t.Skip("needs Node.js and the npm packages; `make test` installs and runs it")
	}
	if _, err := os.Stat("clients/node_modules/graphql-http"); err != nil {
		t.Fatal("the npm packages are missing; `make deps` installs them")
	}
	s := shoptest.Schema(t)
	n := node.New(s, shoptest.SQLite(t, s), auth.Open(), node.Options{})
	for _, path := range []string{node.GraphQLPath, "/graphql/v1"} {
		server := httptest.NewServer(node.NewFront(n, node.Limits{}, nil, nil))
		cmd := exec.Command("node", "graphql-audits.js", server.URL+path)
		cmd.Dir = "clients"
		var errs bytes.Buffer
		cmd.Stderr = &errs
		out, err := cmd.Output()
		server.Close()
		if err != nil {
			t.Fatalf("%v\n%s", err, errs.String())
		}
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		for _, line := range lines {
			if !strings.HasPrefix(line, "ok ") {
				t.Errorf("%s: %s", path, line)
			}
		}
		if len(lines) != audits {
			t.Errorf("%d audits, not %d", len(lines), audits)
		}
	}
}
