package value

import (
	"time"

	"github.com/pintail-dev/pintail/schema"
)

// ParseOperand reads a value that is compared with a column of a type: as PostgreSQL reads the literal in column = '…', so
// a modifier neither cuts nor rounds nor refuses it. A char(n)'s is padded, since the column's values are.
func ParseOperand(t schema.Type, s string, zone *time.Location) (any, error) {
	mod := t.Modifier
	t.Modifier = ""
	if t.Base == schema.Text && !t.Array {
		if !blankPadded(t) {
			t.Name = "text"
		} else {
			t.Name = "bpchar"
		}
	}
	v, err := ParseIn(t, s, zone)
	if text, ok := v.(string); ok && t.Name == "bpchar" {
		return padded(text, max(modifier(mod), 1)), err
	}
	return v, err
}
