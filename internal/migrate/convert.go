package migrate

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/schema"
)

// registerConvert gives a SQLite connection pt_convert(from, to, value), with which a table that is made anew turns
// values of one type into another's form.
func registerConvert(db *sqlite3.Conn) error {
	return db.CreateFunction("pt_convert", 3, sqlite3.DETERMINISTIC, func(x sqlite3.Context, v ...sqlite3.Value) {
		if v[2].Type() == sqlite3.NULL {
			return
		}
		from, how := readSpec(v[0].Text())
		to, as := readSpec(v[1].Text())
		text, err := storedText(v[2], from, how)
		if err == nil {
			text, err = convertText(text, from, to)
		}
		if err != nil {
			x.ResultError(fmt.Errorf("%q as %s: %w", v[2].Text(), to, err))
			return
		}
		if err := resultStored(x, to, as, text); err != nil {
			x.ResultError(fmt.Errorf("%q as %s: %w", text, to, err))
		}
	})
}

// readSpec reads what typeSpec wrote.
func readSpec(s string) (schema.Type, schema.Storage) {
	name, how, _ := strings.Cut(s, " as ")
	return readType(name), schema.Storage(how)
}

// storedText is a stored value as PostgreSQL's text of its type.
func storedText(v sqlite3.Value, t schema.Type, how schema.Storage) (string, error) {
	switch {
	case t.Array:
		out, ok := arrayText(t, v.Text())
		if !ok {
			return "", fmt.Errorf("it is no array of %s", t.Name)
		}
		return out, nil
	case v.Type() == sqlite3.BLOB && t.Base == schema.Bytea:
		return string(value.AppendText(nil, t, v.Blob(nil), nil)), nil
	case t.Base == schema.Bool && v.Type() == sqlite3.INTEGER:
		return strconv.FormatBool(v.Int64() != 0), nil
	case v.Type() == sqlite3.FLOAT:
		if isTime(t) && how == schema.StoreJulian {
			return time.UnixMilli(int64(math.Round((v.Float() - 2440587.5) * 864e5))).UTC().Format("2006-01-02T15:04:05.999"), nil
		}
		return string(value.AppendText(nil, schema.Type{Base: schema.Float8, Name: "double precision"}, v.Float(), nil)), nil
	case v.Type() == sqlite3.INTEGER && isTime(t):
		at := time.Unix(v.Int64(), 0)
		if how == schema.StoreUnixMilli {
			at = time.UnixMilli(v.Int64())
		}
		return at.UTC().Format("2006-01-02T15:04:05.999999"), nil
	}
	return v.Text(), nil
}

// convertText converts between types whose texts differ in more than form.
func convertText(text string, from, to schema.Type) (string, error) {
	if from.Array || to.Array {
		if to.Array && !from.Array {
			one, err := value.Parse(schema.Type{Base: to.Base, Name: to.Name, Modifier: to.Modifier}, text)
			if err != nil {
				return "", err
			}
			return string(value.AppendText(nil, to, []any{one}, nil)), nil
		}
		return text, nil
	}
	switch {
	case from.Base == schema.Bool && isNumber(to.Base):
		return map[string]string{"true": "1", "false": "0"}[text], nil
	case isNumber(from.Base) && to.Base == schema.Bool:
		f, err := strconv.ParseFloat(text, 64)
		return strconv.FormatBool(f != 0), err
	case isNumber(from.Base) && (to.Base == schema.Int2 || to.Base == schema.Int4 || to.Base == schema.Int8):
		return rounded(text, from.Base)
	case to.Base == schema.Date && len(text) > len(time.DateOnly) && (from.Base == schema.Timestamp || from.Base == schema.TimestampTZ):
		return text[:len(time.DateOnly)], nil
	}
	return text, nil
}

// rounded rounds as PostgreSQL's casts to integers do: numeric away from zero, floats to even.
func rounded(text string, from schema.Base) (string, error) {
	if from == schema.Float4 || from == schema.Float8 {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return "", fmt.Errorf("it is out of range")
		}
		return strconv.FormatFloat(math.RoundToEven(f), 'f', 0, 64), nil
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return "", fmt.Errorf("it is out of range")
	}
	return r.FloatString(0), nil
}

// resultStored gives a text of a type in the form in which SQLite keeps it.
func resultStored(x sqlite3.Context, t schema.Type, how schema.Storage, text string) error {
	v, err := value.Parse(t, text)
	if err != nil {
		return err
	}
	switch v := v.(type) {
	case bool:
		x.ResultBool(v)
	case int64:
		x.ResultInt64(v)
	case float64:
		if math.IsNaN(v) {
			x.ResultText("NaN")
		} else {
			x.ResultFloat(v)
		}
	case []byte:
		x.ResultBlob(v)
	case []any:
		x.ResultText(string(value.AppendJSON(nil, t, v, nil)))
	case string:
		if f, err := strconv.ParseFloat(v, 64); err == nil && t.Base == schema.Numeric && how != schema.OwnStorage && how != schema.StoreText {
			x.ResultFloat(f)
		} else {
			x.ResultText(v)
		}
	}
	return nil
}
