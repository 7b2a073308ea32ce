package load

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/schema"
)

// A jsonRecords reads records from JSON objects: a line each, or in one array.
type jsonRecords struct {
	target columns
	last   []*schema.Column // of the record before: most have the same keys
	n      int64
	lines  *csvReader    // NDJSON; for its lines alone
	array  *json.Decoder // JSON
}

func newNDJSON(in io.Reader, target columns) *jsonRecords {
	r := &jsonRecords{target: target, lines: newCSV(in, ',')}
	skipMark(r.lines.in)
	return r
}

// newJSONArray reads the array's beginning.
func newJSONArray(in io.Reader, target columns) (*jsonRecords, error) {
	buffered := bufio.NewReaderSize(in, 1<<16)
	skipMark(buffered)
	r := &jsonRecords{target: target, array: json.NewDecoder(buffered)}
	t, err := r.array.Token()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty; it must hold one JSON array of objects")
	}
	if d, ok := t.(json.Delim); err != nil || !ok || d != '[' {
		return nil, errors.New("the file doesn't begin with a JSON array; for one object a line, use the format ndjson")
	}
	return r, nil
}

// skipMark passes by UTF-8's byte order mark.
func skipMark(in *bufio.Reader) {
	if start, _ := in.Peek(3); bytes.Equal(start, []byte("\xef\xbb\xbf")) {
		in.Discard(3)
	}
}

func (r *jsonRecords) read() int64 {
	if r.array != nil {
		return r.array.InputOffset()
	}
	return r.lines.bytes
}

func (r *jsonRecords) next() (*record, error) {
	rec := &record{}
	if r.array != nil {
		if !r.array.More() {
			if _, err := r.array.Token(); err != nil {
				return nil, fmt.Errorf("behind object %d the file ends, and the array doesn't", r.n)
			}
			return nil, io.EOF
		}
		var raw json.RawMessage
		if err := r.array.Decode(&raw); err != nil {
			return nil, fmt.Errorf("behind object %d the file is no JSON: %v", r.n, err)
		}
		if len(raw) > rowBytesMax {
			return nil, fmt.Errorf("object %d: %w", r.n+1, errTooLong)
		}
		r.n++
		rec.line, rec.raw, rec.bytes = r.n, string(raw), len(raw)
	} else {
		line, err := r.line()
		if err != nil {
			return nil, err
		}
		rec.line, rec.raw, rec.bytes = r.n, line, len(line)
	}
	rec.why = r.fields(rec)
	return rec, nil
}

// line gives the next line that isn't blank.
func (r *jsonRecords) line() (string, error) {
	for {
		r.lines.raw = r.lines.raw[:0]
		if err := r.lines.physical(); err != nil {
			return "", err
		}
		r.n++
		if s := strings.TrimSpace(string(r.lines.raw)); s != "" {
			return s, nil
		}
	}
}

// fields reads an object's values.
func (r *jsonRecords) fields(rec *record) error {
	raw := rec.raw.(string)
	if err := value.CheckRows(raw); err != nil {
		return err
	}
	if !strings.HasPrefix(strings.TrimSpace(raw), "{") {
		return errors.New("it is no JSON object")
	}
	columns := make([]*schema.Column, 0, len(r.last))
	vals := make([]any, 0, len(r.last))
	err := value.Fields(raw, func(key, text string) error {
		if strings.HasPrefix(key, notePrefix) {
			return nil
		}
		c, err := r.target.named(key)
		if err != nil || c == nil {
			return err
		}
		v, err := value.FromJSON(c.Type.WithoutDomains(), c.Name, []byte(text))
		if err != nil {
			return inColumn(c, err)
		}
		if v == nil && mustHave(c) {
			return notNull(c)
		}
		for i := range columns {
			if columns[i] == c { // the last of equal keys counts
				vals[i] = v
				return nil
			}
		}
		columns, vals = append(columns, c), append(vals, v)
		return nil
	})
	if err != nil {
		return err
	}
	inOrder(columns, vals)
	if sameColumns(columns, r.last) {
		columns = r.last
	}
	r.last = columns
	rec.columns, rec.vals = columns, vals
	return nil
}

// inOrder sorts columns, and values beside them, by the table's order: most files write keys in one order anyway.
func inOrder(columns []*schema.Column, vals []any) {
	for i := 1; i < len(columns); i++ {
		for j := i; j > 0 && columns[j].Position < columns[j-1].Position; j-- {
			columns[j], columns[j-1] = columns[j-1], columns[j]
			vals[j], vals[j-1] = vals[j-1], vals[j]
		}
	}
}
