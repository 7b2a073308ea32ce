package node

import (
	"net/http"
	"testing"

	"github.com/pintail-dev/pintail/internal/api"
)

// TestClass: what the head of a request tells of its class; a client may lower it and never raise it.
func TestClass(t *testing.T) {
	for _, c := range []struct {
		method, path, priority string
		class                  api.Class
		writes                 bool
	}{
		{"GET", "/rest/v1/toast", "", api.Interactive, false},
		{"HEAD", "/rest/v1/toast", "", api.Interactive, false},
		{"POST", "/rest/v1/toast", "", api.Write, true},
		{"DELETE", "/rest/v1/toast", "", api.Write, true},
		{"POST", "/rest/v1/rpc/f", "", api.Interactive, false}, // nobody can tell yet
		{"POST", "/v1/graphql", "", api.Interactive, false},
		{"GET", "/healthz", "", api.Operation, false},
		{"OPTIONS", "/rest/v1/toast", "", api.Operation, false},
		{"GET", "/rest/v1/toast", "u=7", api.Bulk, false},
		{"GET", "/rest/v1/toast", "i, u=6", api.Background, false},
		{"POST", "/rest/v1/toast", "u=5,i", api.Background, true},
		{"GET", "/rest/v1/toast", "u=0", api.Interactive, false},
		{"GET", "/rest/v1/toast", "u=3", api.Interactive, false},
		{"GET", "/rest/v1/toast", "u=77", api.Interactive, false},
		{"GET", "/rest/v1/toast", "nonsense,,;=", api.Interactive, false},
	} {
		r := &api.Request{Method: c.method, Path: c.path, Header: http.Header{"Priority": {c.priority}}.Get}
		class := classOf(r)
		if got := min(class, asked(r)); got != c.class || (class == api.Write) != c.writes {
			t.Errorf("%s %s, Priority %q: %v, not %v", c.method, c.path, c.priority, got, c.class)
		}
	}
}
