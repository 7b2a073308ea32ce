package graphql

// Limits bound one request. The zero value of each is its default.
type Limits struct {
	Document       DocumentLimits
	BatchMax       int   // requests in one body: 10
	ConditionsMax  int   // objects in all arguments, rows of inserts aside: 1,000
	UpdatesMax     int   // of one update_many: 100
	NestingMax     int   // of JSON: 64
	CostMax        int64 // rows that a request may touch, for anyone but the admin: 10,000
	DocumentsBytes int   // of parsed documents that are kept: 16 MiB
	PersistedBytes int   // of persisted queries that are kept: 4 MiB
}

func (l Limits) withDefaults() Limits {
	set := func(p *int, v int) {
		if *p == 0 {
			*p = v
		}
	}
	set(&l.BatchMax, 10)
	set(&l.ConditionsMax, 1000)
	set(&l.UpdatesMax, 100)
	set(&l.NestingMax, 64)
	set(&l.DocumentsBytes, 16<<20)
	set(&l.PersistedBytes, 4<<20)
	l.Document = l.Document.withDefaults()
	if l.CostMax == 0 {
		l.CostMax = CostMax
	}
	return l
}

// CostMax is Limits.CostMax where nothing else is said.
const CostMax = 10_000

const (
	listValuesMax = 10_000 // values of one list, such as _in's
	columnsMax    = 1000   // columns of one list, such as distinct_on's
	keyBytesMax   = 60     // of an alias: PostgreSQL keeps 63 bytes of a name
	pathStepsMax  = 64     // of a path into JSON
)
