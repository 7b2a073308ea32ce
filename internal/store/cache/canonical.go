package cache

import (
	"encoding/binary"
	"math"
	"strings"
	"time"

	"github.com/pintail-dev/pintail/internal/change"
	"github.com/pintail-dev/pintail/internal/change/mutant"
	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/schema"
)

// A class is a set of columns whose values have a canonical form: two values that an equality in SQL takes for one have the
// same. Two that it tells apart may have the same too; that costs a miss. A column of no class is never part of a tag.
type class uint8

const (
	noClass    class = iota
	whole            // whole numbers and booleans
	text             // texts, and what is kept as text in one form
	numberText       // numeric as text
)

// classOf gives a column's class by what the schema says of it.
func classOf(c *schema.Column) class {
	t := c.Type.Underlying()
	if t.Array {
		return noClass
	}
	switch t.Base {
	case schema.Bool, schema.Int2, schema.Int4, schema.Int8:
		if c.Storage == schema.OwnStorage || c.Storage == schema.StoreInteger {
			return whole
		}
	case schema.Numeric:
		if c.Storage == schema.OwnStorage {
			return numberText
		}
	case schema.Text, schema.UUID, schema.Date, schema.Time, schema.Timestamp, schema.TimestampTZ, schema.EnumBase:
		if c.Storage == schema.OwnStorage {
			return text
		}
	}
	return noClass
}

// foldable are the collations under which equal texts have the same canonical form.
var foldable = map[string]bool{"binary": true, "nocase": true, "rtrim": true, "pt_citext": true}

// holds says whether a column of the file, as it was declared there, keeps the promise of the class. What the schema file
// says of a column that another program made may not be what the database holds: affinity decides how SQLite converts
// before it compares, and the collation how it compares.
func (k class) holds(c *change.Column) bool {
	switch {
	case c.Virtual:
		return false
	case k == whole: // such a column holds no text that looks like a number: SQLite made a number of it
		return c.Affinity == change.AffinityInteger || c.Affinity == change.AffinityNumeric || c.Affinity == change.AffinityReal
	case k == text:
		return c.Affinity == change.AffinityText && foldable[c.Collation]
	case k == numberText:
		return c.Affinity == change.AffinityText && (foldable[c.Collation] || c.Collation == "pt_numeric")
	}
	return false
}

// Kinds of canonical forms. Every form begins with one.
const (
	formNull    = 'n'
	formInteger = 'i'
	formText    = 't'
	formNumber  = 'd'
	formOther   = 'x' // a value that no operand of the class equals
)

// appendValue appends the canonical form of a stored value; false where it isn't known.
func (k class) appendValue(b []byte, v *change.Value) ([]byte, bool) {
	switch v.Kind {
	case change.Unknown:
		return b, false
	case change.Null:
		return append(b, formNull), true
	case change.Integer:
		if k == whole {
			return appendInteger(b, v.Int), true
		}
	case change.Float:
		if k == whole && v.Real == math.Trunc(v.Real) && v.Real >= -1<<63 && v.Real < 1<<63 {
			return appendInteger(b, int64(v.Real)), true
		}
	case change.Text:
		if k == text || k == numberText {
			return k.appendText(b, v.Data), true
		}
	}
	return append(b, formOther), true
}

// appendOperand appends the canonical form of what a client compares a column with. An error is the database's to tell.
func (k class) appendOperand(b []byte, t schema.Type, s string) ([]byte, error) {
	v, err := value.ParseOperand(t, s, time.UTC)
	if err != nil {
		return b, err
	}
	switch v := v.(type) {
	case nil:
		return append(b, formNull), nil
	case bool:
		if v {
			return appendInteger(b, 1), nil
		}
		return appendInteger(b, 0), nil
	case int64:
		return appendInteger(b, v), nil
	case string:
		return k.appendText(b, v), nil
	}
	return append(b, formOther), nil
}

func appendInteger(b []byte, n int64) []byte {
	return binary.BigEndian.AppendUint64(append(b, formInteger), uint64(n))
}

// appendText folds case and drops spaces at the end, whichever collation the column has: coarser than BINARY, and the same for
// NOCASE, RTRIM, citext and char(n).
func (k class) appendText(b []byte, s string) []byte {
	if k == numberText {
		if mutant.Is(mutant.NumericForm) {
			return append(append(b, formNumber), s...)
		}
		return value.AppendNumericKey(append(b, formNumber), s)
	}
	s = strings.TrimRight(s, " ")
	if !mutant.Is(mutant.NocaseForgotten) {
		s = strings.ToLower(s)
	}
	return append(append(b, formText), s...)
}
