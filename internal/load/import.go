package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/schema"
)

// A Conflict says what to do with a row whose key is taken.
type Conflict string

const (
	Reject Conflict = "error"  // it is a rejected row
	Ignore Conflict = "ignore" // leave the row that is there
	Update Conflict = "update" // by primary key: the file's values replace those that are there
)

// ImportOptions say how a file is imported. The zero value of each is its default.
type ImportOptions struct {
	Format   Format   // CSV
	Conflict Conflict // Reject
	Comma    byte     // of CSV: ','
	Null     string   // of CSV: what a field without quotes says for null; the empty field
	Rejected string   // where rejected rows are written, RejectedPath's for example; nowhere
	Progress func(Progress)

	batchRows, pendingRows int // for tests
}

func (o ImportOptions) withDefaults() ImportOptions {
	if o.Format == "" {
		o.Format = CSV
	}
	if o.Conflict == "" {
		o.Conflict = Reject
	}
	if o.Comma == 0 {
		o.Comma = ','
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	if o.batchRows == 0 {
		o.batchRows = 5000
	}
	if o.pendingRows == 0 {
		o.pendingRows = 20000
	}
	return o
}

// batchBytes is how much of a file a batch holds at most, besides its last row.
const batchBytes = 8 << 20

// Progress tells how far an import is.
type Progress struct {
	Rows     int64 // taken or rejected
	Rejected int64
	Bytes    int64 // of the file, read
}

// Imported is what came of an import.
type Imported struct {
	Rows     int64         // inserted or updated
	Ignored  int64         // that were there already
	Rejected int64         // that couldn't be taken
	File     string        // that has the rejected rows; "" for none
	Passed   []string      // columns of the file that the engine computes itself, passed by
	Took     time.Duration // from beginning to end
}

// Import reads rows into a table of a schema. Every batch of rows is a transaction of its own: what is said to be taken is
// there, also when a later part fails. A row that can't be taken is rejected, and the import goes on; a row that refers to one
// that comes later in the file is tried again at the end. Triggers run, defaults fill what the file doesn't name.
func Import(ctx context.Context, db *migrate.Database, s *schema.Schema, t *schema.Table, in io.Reader, o ImportOptions) (Imported, error) {
	began := time.Now()
	o = o.withDefaults()
	im := &importing{o: o, target: columns{t, db.Engine, map[string]bool{}}, rejects: rejects{path: o.Rejected, format: o.Format, comma: o.Comma}}
	err := im.run(ctx, db, s, in)
	if e := im.rejects.close(); err == nil {
		err = e
	}
	im.done.Rejected = im.rejects.count
	if im.rejects.file != nil {
		im.done.File = o.Rejected
	}
	im.done.Passed = slices.Sorted(maps.Keys(im.target.passed))
	im.done.Took = time.Since(began)
	return im.done, err
}

// A tableWriter puts batches of records into a table.
type tableWriter interface {
	// write takes a batch in one transaction. What it can't take it gives back; an error ends the import.
	write(ctx context.Context, batch []*record) (taken, ignored int64, refused []rejection, err error)
	// finish goes on numbering behind the rows that were given numbers.
	finish(ctx context.Context, columns []*schema.Column) error
	// close gives free what it holds, also where the import failed.
	close()
}

type importing struct {
	o       ImportOptions
	target  columns
	reader  recordReader
	writer  tableWriter
	rejects rejects
	done    Imported
	seen    int64
	numbers []*schema.Column // of identity columns, those that rows set
	pending []*record        // refused for a foreign key; the row that they refer to may come yet
}

func (im *importing) run(ctx context.Context, db *migrate.Database, s *schema.Schema, in io.Reader) error {
	t := im.target.table
	if t.View != nil {
		return fmt.Errorf("%s is a view; import writes into tables", t.Name)
	}
	if err := im.open(in); err != nil {
		return err
	}
	conflict, err := im.conflict()
	if err != nil {
		return err
	}
	if db.Engine == migrate.SQLite {
		im.writer = newLiteTable(db.Lite, t, conflict)
	} else {
		im.writer = newPGTable(db.PG, s, t, conflict)
	}
	defer im.writer.close()
	for end := false; !end; {
		batch, bytes := []*record(nil), 0
		for !end && len(batch) < im.o.batchRows && bytes < batchBytes {
			rec, err := im.reader.next()
			switch {
			case errors.Is(err, io.EOF):
				end = true
				continue
			case err != nil:
				return errors.Join(im.flush(ctx, batch), err)
			}
			im.seen++
			if rec.why != nil {
				if err := im.rejects.add(rejection{rec, rec.why}); err != nil {
					return err
				}
				continue
			}
			im.note(rec)
			batch, bytes = append(batch, rec), bytes+rec.bytes
		}
		if err := im.flush(ctx, batch); err != nil {
			return err
		}
	}
	if err := im.again(ctx); err != nil {
		return err
	}
	return im.writer.finish(ctx, im.numbers)
}

// open makes the reader of the file's format.
func (im *importing) open(in io.Reader) (err error) {
	switch im.o.Format {
	case CSV:
		r, err := newCSVRecords(in, im.target, im.o)
		if err != nil {
			return err
		}
		im.reader, im.rejects.head = r, r.head
	case NDJSON:
		im.reader = newNDJSON(in, im.target)
	case JSON:
		im.reader, err = newJSONArray(in, im.target)
	default:
		err = fmt.Errorf("there is no format %q; there are csv, ndjson and json", im.o.Format)
	}
	return err
}

// conflict checks that the table has what the option needs.
func (im *importing) conflict() (Conflict, error) {
	t := im.target.table
	switch im.o.Conflict {
	case Reject, Ignore:
	case Update:
		if t.Primary == nil {
			return "", fmt.Errorf("--on-conflict update goes by the primary key, and %s has none", t.Name)
		}
		if r, ok := im.reader.(*csvRecords); ok {
			for _, c := range t.Primary.Columns {
				if !slices.Contains(r.columns, c) {
					return "", fmt.Errorf("--on-conflict update goes by the primary key, and the file has no column %q", c.Name)
				}
			}
		}
	default:
		return "", fmt.Errorf("there is no %q for --on-conflict; there are error, ignore and update", im.o.Conflict)
	}
	return im.o.Conflict, nil
}

// note remembers which numbered columns rows set.
func (im *importing) note(rec *record) {
	for _, c := range rec.columns {
		if c.Identity != schema.NoIdentity && !slices.Contains(im.numbers, c) {
			im.numbers = append(im.numbers, c)
		}
	}
}

// flush writes a batch.
func (im *importing) flush(ctx context.Context, batch []*record) error {
	if len(batch) > 0 {
		refused, err := im.write(ctx, batch)
		if err != nil {
			return err
		}
		for _, x := range refused {
			if fault.From(x.why).Code == fault.ForeignKeyViolation && len(im.pending) < im.o.pendingRows {
				im.pending = append(im.pending, x.record)
				continue
			}
			if err := im.rejects.add(x); err != nil {
				return err
			}
		}
	}
	im.tell()
	return nil
}

func (im *importing) tell() {
	im.o.Progress(Progress{Rows: im.seen - int64(len(im.pending)), Rejected: im.rejects.count, Bytes: im.reader.read()})
}

func (im *importing) write(ctx context.Context, batch []*record) ([]rejection, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	taken, ignored, refused, err := im.writer.write(ctx, batch)
	if err != nil {
		return nil, fmt.Errorf("rows from line %d on: %w", batch[0].line, err)
	}
	im.done.Rows += taken
	im.done.Ignored += ignored
	return refused, nil
}

// again tries rows that referred to others, as long as that brings any of them in.
func (im *importing) again(ctx context.Context) error {
	for len(im.pending) > 0 {
		var left []rejection
		for batch := range slices.Chunk(im.pending, im.o.batchRows) {
			refused, err := im.write(ctx, batch)
			if err != nil {
				return err
			}
			left = append(left, refused...)
		}
		before := len(im.pending)
		im.pending = nil
		for _, x := range left {
			if len(left) < before && fault.From(x.why).Code == fault.ForeignKeyViolation {
				im.pending = append(im.pending, x.record)
				continue
			}
			if err := im.rejects.add(x); err != nil {
				return err
			}
		}
	}
	im.tell()
	return nil
}
