package load

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// rowBytesMax is the longest row of a file.
const rowBytesMax = 16 << 20

// A csvField is one field. An empty one is a null, unless it stood in quotes.
type csvField struct {
	text   string
	quoted bool
}

// A csvReader reads CSV as RFC 4180 has it, and remembers which fields stood in quotes, which encoding/csv doesn't tell.
// A row that is malformed is given as far as it could be read, and reading goes on behind its line.
type csvReader struct {
	in    *bufio.Reader
	comma byte
	line  int64 // of what is read next, from 1
	bytes int64 // read so far

	raw    []byte // the row as it stands in the file
	fields []csvField
}

func newCSV(in io.Reader, comma byte) *csvReader {
	return &csvReader{in: bufio.NewReaderSize(in, 1<<16), comma: comma, line: 1}
}

// errTooLong ends an import: what follows would be read in the wrong place.
var errTooLong = fmt.Errorf("a row is longer than %d MiB; is a quote missing?", rowBytesMax>>20)

// A malformed row can't be read.
type malformed struct{ why string }

func (m *malformed) Error() string { return m.why }

// next reads a row: its fields, and the number of its first line. Empty lines are passed by. At the end it is io.EOF. The
// fields and r.raw are good until the next call; of a *malformed row r.raw is what stands there.
func (r *csvReader) next() (fields []csvField, line int64, err error) {
	for {
		line = r.line
		r.raw, r.fields = r.raw[:0], r.fields[:0]
		if err := r.physical(); err != nil {
			return nil, line, err
		}
		if len(trimEnd(r.raw)) > 0 {
			break
		}
	}
	err = r.split()
	return r.fields, line, err
}

// physical appends one line of the file to raw.
func (r *csvReader) physical() error {
	start := len(r.raw)
	for {
		part, err := r.in.ReadSlice('\n')
		r.raw = append(r.raw, part...)
		r.bytes += int64(len(part))
		if len(r.raw) > rowBytesMax {
			return errTooLong
		}
		switch {
		case err == nil:
			r.line++
			return nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(r.raw) > start:
			r.line++
			return nil
		default:
			return err
		}
	}
}

// trimEnd cuts the end of a line.
func trimEnd(b []byte) []byte {
	b = bytes.TrimSuffix(b, []byte("\n"))
	return bytes.TrimSuffix(b, []byte("\r"))
}

// split takes raw apart, and reads on where a quoted field goes over the end of its line.
func (r *csvReader) split() error {
	at := 0
	for {
		field, next, err := r.field(at)
		if err != nil {
			return err
		}
		r.fields = append(r.fields, field)
		if next >= len(trimEnd(r.raw)) {
			return nil
		}
		at = next + 1 // behind the comma
	}
}

// field reads the field at a place of raw; next is where it ends.
func (r *csvReader) field(at int) (f csvField, next int, err error) {
	if at >= len(r.raw) || r.raw[at] != '"' {
		line := trimEnd(r.raw)
		if at > len(line) {
			at = len(line)
		}
		end := bytes.IndexByte(line[at:], r.comma)
		if end < 0 {
			end = len(line) - at
		}
		text := line[at : at+end]
		if bytes.IndexByte(text, '"') >= 0 {
			return f, 0, &malformed{"there is a quote inside a field that doesn't begin with one; a quote is written twice, in a quoted field"}
		}
		return csvField{text: string(text)}, at + end, nil
	}
	var text []byte
	for i := at + 1; ; {
		q := bytes.IndexByte(r.raw[i:], '"')
		if q < 0 {
			text = append(text, r.raw[i:]...)
			i = len(r.raw)
			switch err := r.physical(); {
			case errors.Is(err, io.EOF):
				return f, 0, &malformed{"a quoted field has no end"}
			case err != nil:
				return f, 0, err
			}
			continue
		}
		text = append(text, r.raw[i:i+q]...)
		i += q + 1
		if i < len(r.raw) && r.raw[i] == '"' {
			text = append(text, '"')
			i++
			continue
		}
		if rest := trimEnd(r.raw); i < len(rest) && r.raw[i] != r.comma {
			return f, 0, &malformed{"something stands between the end of a quoted field and the next comma"}
		}
		return csvField{string(text), true}, i, nil
	}
}

// appendCSV appends a field as it was: in quotes where it was, or needs them.
func appendCSV(dst []byte, f csvField, comma byte) []byte {
	if !f.quoted && !bytes.ContainsAny([]byte(f.text), "\"\r\n"+string(comma)) {
		return append(dst, f.text...)
	}
	dst = append(dst, '"')
	for i := range len(f.text) {
		if f.text[i] == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, f.text[i])
	}
	return append(dst, '"')
}
