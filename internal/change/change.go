// Package change is the ordered record of commits: which rows each of them changed, with their values before and after, and
// the place of each commit in the order.
//
// On SQLite a Recorder fills it from the pre-update hook of the one connection that writes, and a Feed tells everybody else
// where the order stands: by the sequence of the last commit, and by the header of the write-ahead log's index, which moves
// when any process commits.
//
//	f, err := change.NewFeed(path + "-shm")
//	r := change.NewRecorder(f)   // the writer's: Attach, Begin, Committing, Committed
//	f.Listen(cache)              // told of each commit before it is one
//	stamp, fresh := f.Fresh()    // anybody's
package change

// Op is what happened to a row.
type Op uint8

const (
	Insert Op = iota
	Update
	Delete
)

// A Kind is a SQLite storage class, or Unknown for a value that nobody asked for or that can't be read.
type Kind uint8

const (
	Unknown Kind = iota
	Null
	Integer
	Float
	Text
	Blob
)

// A Value is one column's value in one image of a row.
type Value struct {
	Kind Kind
	Int  int64   // Integer
	Real float64 // Float
	Data string  // Text and Blob: the bytes
}

// A Row is one change of one row. Old is nil for an insert, New for a delete; otherwise they have a place for each of the
// table's columns, filled where the listener wants the column.
type Row struct {
	Table    *Table
	Op       Op
	Old, New []Value
}

// A Commit is what one transaction changed. It is valid until the listener returns.
type Commit struct {
	Seq    uint64
	Rows   []Row    // in order
	Tables []*Table // every table that changed
	Whole  []*Table // of Tables, those of which not every change is in Rows
}

// A Listener is told of commits, by the goroutine that writes.
type Listener interface {
	// Columns says which columns of a table's rows the listener wants to see; nil for none, and no rows of it either.
	Columns(t *Table) []bool
	// Commit is told what is about to be committed: when it returns, nobody may be given what was true before. Should the commit
	// fail, nobody was shown anything wrong either.
	Commit(c *Commit)
}

// rowsMax is how many changes a commit records one by one. Past it, it only says which tables changed.
const rowsMax = 10_000
