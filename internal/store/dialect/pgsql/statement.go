// Package pgsql turns plans into PostgreSQL's SQL. It is pure: it knows no connection.
//
// Every value is a parameter in text format. A value that meets a column is sent without a type, so that PostgreSQL reads
// it as the column's and answers in its own words what it can't read; indexes are used as for a constant. Names are
// quoted by ident; the aliases of the statement itself (t0, e1, w) are ours and always stand before a dot.
//
// What a row looks like is PostgreSQL's row_to_json of the selected columns; the meaning of operators, embeds, spreads and
// writes is PostgREST's (its src/library/PostgREST/Query).
package pgsql

import (
	"encoding/hex"
	"strings"
	"time"

	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A Statement is one plan's SQL. It is immutable and serves every request of the plan.
type Statement struct {
	SQL   string
	Binds []Bind // by parameter: Binds[0] is $1

	// Columns say what each column of the result holds. Where the only one is Row, the result has a row of the database
	// for each row of the answer, and whoever reads it writes what stands between them; otherwise it has one row.
	Columns []Column
	Form    Form
	Key     []*schema.Column // what the column Key holds
	Hex     bool             // Body is bytes in hexadecimal, after \x
	Head    string           // CSV's first line, written where there are rows

	// CountRows says that the rows that come are all there are, so that their number is the total.
	CountRows bool
	// Estimate is the statement whose EXPLAIN gives the planned count; nil where none was asked for. Its result isn't read.
	Estimate *Statement
	// CountMax is the number up to which an estimated count is exact; 0 where the count is planned or exact.
	CountMax int64

	// Members is the number of reads that one row of the result answers: Columns hold Rows and Body of each in turn. 0 for any
	// other statement.
	Members int
	// Steps are the members of a sequence that writes, to be run in order; SQL is empty then.
	Steps []*Statement
	// Answer reads what a write answers, in the same transaction right after it; nil where the write itself does.
	Answer *Statement
	// Nested are the inserts of related rows, as the write has them; each leaves what others take in its column Given.
	Nested []*Statement
	// Schema is the PostgreSQL schema in which names are looked up first, where it isn't the default one.
	Schema string
	// Arrays are the arguments that are lists of arrays.
	Arrays []Arrays
	// Settings are a function's own, to be set for the transaction, in order of their names.
	Settings [][2]string
}

// A Column of the result.
type Column uint8

const (
	Row      Column = iota // one row's JSON object or CSV line
	Body                   // the finished body
	Rows                   // number of rows in the body
	Total                  // what the count found
	Affected               // rows written
	Inserted               // of them, those that were not there before; null where that isn't known
	Key                    // JSON array of the first written row's primary key; null where there is no row
	Status                 // response.status
	Headers                // response.headers
	Given                  // JSON array of objects: of each row that went in the columns that related rows take
	Left                   // the keys, left for Answer
)

// A Form is how the rows are put together.
type Form uint8

const (
	JSON     Form = iota
	Stripped      // JSON without the keys whose value is null
	CSV
	GeoJSON // one FeatureCollection, by PostGIS
	Handled // whatever an aggregate of the database makes of them
)

// Separator stands between the rows; it is what json_agg, or json_strip_nulls of it, writes.
func (f Form) Separator() string {
	switch f {
	case Stripped:
		return ","
	case CSV:
		return "\n"
	}
	return ", \n "
}

// Arrays are one argument: a list of which each element is the text of a value of Type, an array.
type Arrays struct {
	Arg  int
	Type schema.Type
}

// Check reads the arrays that stand in lists, which PostgreSQL would read only as it comes to a row.
func (s *Statement) Check(args query.Args) error {
	for _, a := range s.Arrays {
		if a.Type.Underlying().Base == schema.Unknown {
			continue // PostgreSQL's to read
		}
		for _, text := range args[a.Arg].List {
			if _, err := value.ParseOperand(a.Type.Underlying(), text, time.UTC); err != nil {
				return err
			}
		}
	}
	if s.Answer != nil {
		if err := s.Answer.Check(args); err != nil {
			return err
		}
	}
	for _, of := range [][]*Statement{s.Nested, s.Steps} {
		for _, one := range of {
			if err := one.Check(args); err != nil {
				return err
			}
		}
	}
	return nil
}

// A Bind is where a parameter's value comes from.
type Bind struct {
	Arg   int    // place among the query's arguments; -1 for Args or Const
	Args  []int  // places of the values of a variadic parameter, which are sent as one array
	Hex   bool   // the value is bytes
	Const string // a name of the plan's own
}

// AppendTo encodes the values for the parameters. Each is appended to buf, which is returned along with dst: values in
// PostgreSQL's text format, nil for null.
func (s *Statement) AppendTo(dst [][]byte, buf []byte, args query.Args) ([][]byte, []byte) {
	for _, bind := range s.Binds {
		start := len(buf)
		switch {
		case bind.Args != nil:
			list := make([]string, len(bind.Args))
			for i, arg := range bind.Args {
				list[i] = args[arg].Text
			}
			buf = appendArray(buf, list)
		case bind.Arg < 0:
			buf = append(buf, bind.Const...)
		case args[bind.Arg].Null:
			dst = append(dst, nil)
			continue
		case args[bind.Arg].IsList:
			buf = appendArray(buf, args[bind.Arg].List)
		case bind.Hex:
			buf = append(buf, `\x`...)
			buf = hex.AppendEncode(buf, []byte(args[bind.Arg].Text))
		default:
			buf = append(buf, args[bind.Arg].Text...)
		}
		dst = append(dst, buf[start:len(buf):len(buf)])
	}
	return dst, buf
}

// appendArray writes an array in PostgreSQL's text format. Every element is quoted, so that null is a word and not null.
func appendArray(buf []byte, list []string) []byte {
	buf = append(buf, '{')
	for i, s := range list {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = append(buf, '"')
		for {
			j := strings.IndexAny(s, `"\`)
			if j < 0 {
				break
			}
			buf = append(buf, s[:j]...)
			buf = append(buf, '\\', s[j])
			s = s[j+1:]
		}
		buf = append(buf, s...)
		buf = append(buf, '"')
	}
	return append(buf, '}')
}
