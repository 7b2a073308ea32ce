package rehearse

import "context"

// Advice is an index that makes a query better.
type Advice struct {
	Table string `json:"table"`
	Line  string `json:"line"` // for the schema file
}

func (r *run) advise(ctx context.Context) error { return nil }
