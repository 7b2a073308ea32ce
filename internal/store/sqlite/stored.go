package sqlite

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/schema"
)

// A value's way into a column and out of it. Package value's canonical forms are those in which Pintail's own columns keep
// them; imported columns (schema.Storage) keep what their database declares.

const (
	timestampLayout = "2006-01-02T15:04:05.999999"
	zonedLayout     = "2006-01-02T15:04:05.999999-07:00"
	sqliteLayout    = "2006-01-02 15:04:05.999999" // as SQLite's own date functions write it
)

// stored gives v as nil, int64, float64, string or []byte, as the column holds it.
func stored(v any, t schema.Type, how schema.Storage) any {
	switch v := v.(type) {
	case nil:
		return nil
	case bool:
		if v {
			return int64(1)
		}
		return int64(0)
	case int64:
		return v
	case float64:
		if math.IsNaN(v) {
			return "NaN" // SQLite has no such number and would store null
		}
		return v
	case []byte:
		return v
	case []any:
		return string(value.AppendJSON(nil, t, v, nil))
	case string:
		if how == schema.OwnStorage || t.Array {
			return v
		}
		return storedForeign(v, t.Kind(), how)
	}
	return v
}

// storedForeign gives a canonical text in an imported column's form.
func storedForeign(v string, b schema.Base, how schema.Storage) any {
	switch b {
	case schema.Numeric:
		if how == schema.StoreText {
			return v
		}
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			return n
		}
		if f, err := strconv.ParseFloat(v, 64); err == nil && !math.IsNaN(f) {
			return f
		}
	case schema.Timestamp, schema.TimestampTZ:
		at, ok := moment(v)
		if !ok {
			return v
		}
		switch how {
		case schema.StoreUnix:
			if at.Nanosecond() == 0 {
				return at.Unix()
			}
			return float64(at.UnixMicro()) / 1e6
		case schema.StoreUnixMilli:
			if at.Nanosecond()%1e6 == 0 {
				return at.UnixMilli()
			}
			return float64(at.UnixMicro()) / 1e3
		case schema.StoreJulian:
			return float64(at.UnixMicro())/864e8 + 2440587.5
		}
		s := at.Format(sqliteLayout)
		if b == schema.TimestampTZ {
			s += "+00:00"
		}
		return s
	case schema.Date:
		if how == schema.StoreText || how == schema.StoreNative {
			return v
		}
		if at, err := time.Parse(time.DateOnly, v); err == nil {
			return storedForeign(at.Format(timestampLayout), schema.Timestamp, how)
		}
	}
	return v
}

// moment reads a canonical timestamp.
func moment(s string) (time.Time, bool) {
	layout := timestampLayout
	if strings.HasSuffix(s, "+00:00") {
		layout = zonedLayout
	}
	at, err := time.Parse(layout, s)
	return at.UTC(), err == nil
}

// load gives a stored value as package value has it. A foreign value that is none of the type's is given as text, and false.
func load(v sqlite3.Value, t schema.Type, how schema.Storage) (any, bool) {
	kind := v.Type()
	if kind == sqlite3.NULL {
		return nil, true
	}
	b := t.Kind()
	if t.Array {
		out, err := value.FromJSON(t, "", append([]byte(nil), v.RawText()...))
		if err != nil {
			return v.Text(), false
		}
		return out, true
	}
	if how != schema.OwnStorage {
		return loadForeign(v, kind, t, b, how)
	}
	switch b {
	case schema.Bool:
		return v.Int64() != 0, true
	case schema.Int2, schema.Int4, schema.Int8:
		if kind == sqlite3.INTEGER {
			return v.Int64(), true
		}
	case schema.Float4, schema.Float8:
		if kind == sqlite3.TEXT {
			if out, err := value.Parse(t, v.Text()); err == nil {
				return out, true
			}
		}
		return v.Float(), true
	case schema.JSONB:
		return string(appendJSONB(nil, v)), true
	case schema.Bytea:
		return append([]byte{}, v.RawBlob()...), true
	}
	if kind == sqlite3.TEXT {
		return v.Text(), true // in its canonical form already
	}
	return loadForeign(v, kind, t, b, schema.StoreNative)
}

// loadForeign reads an imported column's value.
func loadForeign(v sqlite3.Value, kind sqlite3.Datatype, t schema.Type, b schema.Base, how schema.Storage) (any, bool) {
	switch {
	case b == schema.Bool && kind == sqlite3.INTEGER:
		return v.Int64() != 0, true
	case b == schema.Bytea && kind == sqlite3.BLOB:
		return append([]byte{}, v.RawBlob()...), true
	case b == schema.JSONB:
		return string(appendJSONB(nil, v)), true
	case (b == schema.Timestamp || b == schema.TimestampTZ || b == schema.Date) && (kind == sqlite3.INTEGER || kind == sqlite3.FLOAT):
		return canonicalTime(numberTime(v, kind, how), b), true
	case b == schema.Float4 || b == schema.Float8:
		if kind != sqlite3.TEXT {
			return v.Float(), true
		}
	}
	out, err := value.Parse(t, v.Text())
	if err != nil {
		return v.Text(), false
	}
	return out, true
}

// numberTime reads a moment that is stored as a number.
func numberTime(v sqlite3.Value, kind sqlite3.Datatype, how schema.Storage) time.Time {
	f := v.Float()
	switch how {
	case schema.StoreUnixMilli:
		if kind == sqlite3.INTEGER {
			return time.UnixMilli(v.Int64()).UTC()
		}
		return time.UnixMicro(int64(math.Round(f * 1e3))).UTC()
	case schema.StoreJulian:
		return time.UnixMicro(int64(math.Round((f-2440587.5)*864e5)) * 1000).UTC() // SQLite keeps milliseconds
	case schema.StoreNative:
		if kind == sqlite3.FLOAT && f < 5373484.5 {
			return numberTime(v, kind, schema.StoreJulian)
		}
	}
	if kind == sqlite3.INTEGER {
		return time.Unix(v.Int64(), 0).UTC()
	}
	return time.UnixMicro(int64(math.Round(f * 1e6))).UTC()
}

func canonicalTime(at time.Time, b schema.Base) string {
	switch b {
	case schema.Date:
		return at.Format(time.DateOnly)
	case schema.TimestampTZ:
		return at.Format(timestampLayout) + "+00:00"
	}
	return at.Format(timestampLayout)
}
