package sqlite

import (
	"errors"
	"testing"

	"github.com/pintail-dev/pintail/fault"
)

func TestATableThatIsNotThereIsNotFound(t *testing.T) {
	err := (&Store{}).fault(t.Context(), nil, errors.New("sqlite3: SQL logic error: no such table: main.toast_view"))
	f := fault.From(err)
	if f.Code != fault.NoTable || f.HTTPStatus() != 404 || f.Message != "Could not find the table 'toast_view' in the schema cache" {
		t.Errorf("%d %v", f.HTTPStatus(), f)
	}
}
