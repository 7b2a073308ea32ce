package load

import (
	"github.com/pintail-dev/pintail/schema"
)

// A Format is a kind of file.
type Format string

const (
	CSV    Format = "csv"    // RFC 4180 with a head line of column names; an empty field without quotes is null
	NDJSON Format = "ndjson" // an object a line
	JSON   Format = "json"   // one array of objects
)

// A record is one row of a file.
type record struct {
	line    int64            // where it begins, from 1; in a JSON array its place, from 1
	columns []*schema.Column // that it sets
	vals    []any            // of package value, beside columns
	raw     any              // as it stood there, for the file of rejected rows: []csvField or a JSON text
	bytes   int              // of raw
	why     error            // why it can't be taken; nil for a good one
}

// A recordReader reads a file's rows in order.
type recordReader interface {
	// next gives io.EOF at the end. Any other error ends the import; what is wrong with one row stands in the record.
	next() (*record, error)
	// read says how many bytes of the file were read.
	read() int64
}

// sameColumns says whether two records set the same columns in the same order.
func sameColumns(a, b []*schema.Column) bool {
	if len(a) != len(b) {
		return false
	}
	if len(a) == 0 || &a[0] == &b[0] {
		return true
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
