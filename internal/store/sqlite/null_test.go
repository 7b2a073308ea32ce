package sqlite

import (
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/fault"
)

// A row with several nulls too many is refused for the table's first, in whatever order the columns come: PostgreSQL's.
func TestFirstNull(t *testing.T) {
	s := openShop(t, Config{})
	for _, c := range []struct {
		row, want string
		columns   []string
	}{
		{`{"kind": null, "title": null}`, "title", []string{"kind", "title"}},
		{`{"title": null, "kind": null}`, "title", []string{"title", "kind"}},
		{`{"kind": null}`, "title", []string{"kind"}}, // left out, and without a default
		{`{"kind": null, "title": "x"}`, "kind", []string{"kind", "title"}},
		{`{"kind": null, "id": null}`, "id", []string{"kind", "id"}},
		{`{"price": "1"}`, "title", []string{"price"}},
	} {
		_, err := s.write(t, insert("item", "["+c.row+"]", c.columns...))
		if code(err) != fault.NotNullViolation || !strings.Contains(err.Error(), `column "`+c.want+`"`) {
			t.Errorf("%s: %v, want %s", c.row, err, c.want)
		}
	}
}
