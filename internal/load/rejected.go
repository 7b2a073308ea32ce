package load

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/pintail-dev/pintail/internal/value"
)

// A rejection is a row that was not taken, and why.
type rejection struct {
	*record
	why error
}

// A rejects writes the file of rejected rows: each row as it was, with its line and the reason under two more names. It is
// made with the first row.
type rejects struct {
	path   string // "" keeps none
	format Format
	comma  byte
	head   []string // CSV
	file   *os.File
	out    *bufio.Writer
	count  int64
}

// RejectedPath is where the rows of a file that are rejected go.
func RejectedPath(file string, f Format) string {
	if f == CSV {
		return file + ".rejected.csv"
	}
	return file + ".rejected.ndjson"
}

func (r *rejects) add(x rejection) error {
	r.count++
	if r.path == "" {
		return nil
	}
	if r.file == nil {
		if err := r.open(); err != nil {
			return fmt.Errorf("the file of rejected rows: %w", err)
		}
	}
	b := r.out.AvailableBuffer()
	if r.format == CSV {
		b = r.csv(b, x)
	} else {
		b = ndjson(b, x)
	}
	_, err := r.out.Write(append(b, '\n'))
	return err
}

func (r *rejects) open() error {
	file, err := os.Create(r.path)
	if err != nil {
		return err
	}
	r.file, r.out = file, bufio.NewWriter(file)
	if r.format != CSV {
		return nil
	}
	var b []byte
	for _, name := range r.head {
		if !strings.HasPrefix(name, notePrefix) {
			b = append(appendCSV(b, csvField{text: name}, r.comma), r.comma)
		}
	}
	b = append(b, notePrefix+"line"...)
	b = append(b, r.comma)
	_, err = r.out.Write(append(b, notePrefix+"reason\n"...))
	return err
}

// csv appends the fields that the head has, so that the file can be mended and imported again. A row of another number of
// fields, or one that couldn't be read, stands in the first ones as far as it goes.
func (r *rejects) csv(b []byte, x rejection) []byte {
	fields, ok := x.raw.([]csvField)
	if !ok {
		fields = []csvField{{text: x.raw.(string)}}
	}
	for i, name := range r.head {
		if strings.HasPrefix(name, notePrefix) {
			continue
		}
		if i < len(fields) {
			b = appendCSV(b, fields[i], r.comma)
		}
		b = append(b, r.comma)
	}
	b = strconv.AppendInt(b, x.line, 10)
	b = append(b, r.comma)
	return appendCSV(b, csvField{text: reason(x.why)}, r.comma)
}

// ndjson appends the object with two more keys; what is no object stands under a third.
func ndjson(b []byte, x rejection) []byte {
	note := fmt.Appendf(nil, `"%sline":%d,"%[1]sreason":`, notePrefix, x.line)
	note = value.AppendJSONString(note, reason(x.why))
	raw := strings.TrimSpace(x.raw.(string))
	if !strings.HasPrefix(raw, "{") || !json.Valid([]byte(raw)) {
		b = append(append(append(b, '{'), note...), `,"`+notePrefix+`text":`...)
		return append(value.AppendJSONString(b, strings.ToValidUTF8(raw, "\uFFFD")), '}')
	}
	start := len(b)
	b = append(b, '{')
	value.Fields(raw, func(key, text string) error {
		if !strings.HasPrefix(key, notePrefix) {
			b = append(append(value.AppendJSONString(b, key), ':'), oneLine(text)...)
			b = append(b, ',')
		}
		return nil
	})
	if len(b) == start {
		b = append(b, '{')
	}
	return append(append(b, note...), '}')
}

// oneLine takes line breaks out of a JSON text: they only stand between its tokens.
func oneLine(s string) string {
	if !strings.ContainsAny(s, "\r\n") {
		return s
	}
	return strings.NewReplacer("\r", " ", "\n", " ").Replace(s)
}

func (r *rejects) close() error {
	if r.file == nil {
		return nil
	}
	err := r.out.Flush()
	if e := r.file.Close(); err == nil {
		err = e
	}
	return err
}
