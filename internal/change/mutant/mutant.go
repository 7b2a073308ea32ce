// Package mutant plants mistakes, one at a time, to show that the tests of changes and of the cache would find them. A program
// built without the tag mutant has none of it: Is is false there, and the compiler drops what stands behind it.
//
//	go test -tags mutant ./internal/store/cache -run Mutants
package mutant

// A Mutant is one mistake. PINTAIL_MUTANT names the one that a test run plants.
type Mutant string

const (
	OldImageIgnored    Mutant = "old image ignored"
	NewImageIgnored    Mutant = "new image ignored"
	TagsAfterCommit    Mutant = "tags raised after COMMIT"
	SeqBeforeCommit    Mutant = "sequence published before COMMIT"
	FillSeqAfterQuery  Mutant = "fill sequence read after the query"
	StaleFlightJoined  Mutant = "stale flight joined"
	ForeignCheckLeft   Mutant = "foreign check left out"
	CascadeForgotten   Mutant = "cascade forgotten"
	ReplaceForgotten   Mutant = "REPLACE forgotten"
	NocaseForgotten    Mutant = "NOCASE forgotten"
	NumericForm        Mutant = "numeric form"
	ExistsForgotten    Mutant = "a table of an EXISTS forgotten"
	DDLForgotten       Mutant = "DDL forgotten"
	ReplayCountedTwice Mutant = "replayed group counted twice"
	DelimiterInKeys    Mutant = "a delimiter in keys"
)

// ByFuzzer are the mistakes that random transactions find; ByHistories those that need processes side by side.
var (
	ByFuzzer = []Mutant{
		OldImageIgnored, NewImageIgnored, CascadeForgotten, ReplaceForgotten, NocaseForgotten, NumericForm, ExistsForgotten,
		DDLForgotten, ReplayCountedTwice, DelimiterInKeys,
	}
	ByHistories = []Mutant{TagsAfterCommit, SeqBeforeCommit, FillSeqAfterQuery, StaleFlightJoined, ForeignCheckLeft}
)
