package store

import "github.com/pintail-dev/pintail/fault"

// StatementTimeout is the fault of a statement that ran over its time limit: PostgreSQL's code and message, PostgREST's status, and
// what the client can do.
func StatementTimeout(cause error) error {
	return fault.New(fault.QueryCanceled, "canceling statement due to statement timeout").WithHint(
		"Ask for fewer rows with limit or a filter, and filter and order by columns that have an index.").WithCause(cause)
}
