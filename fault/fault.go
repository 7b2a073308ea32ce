// Package fault holds what can go wrong in words that a client may read.
//
// A Fault carries a code that never changes its meaning, a sentence for people, and, hidden from clients, the
// cause for operators. Everything that is not a Fault is internal: its text goes to the log and never to a client.
package fault

import (
	"errors"
	"fmt"
)

// A Code names one kind of fault. PGRSTnnn are PostgREST's (docs.postgrest.org, "Errors"), five letters or
// digits are PostgreSQL's SQLSTATE (PostgreSQL manual, appendix A), PTnnn are Pintail's own. Codes lists them all.
type Code string

// A Fault is an error that a client may read.
type Fault struct {
	Code    Code
	Status  int    // HTTP status; 0 means the code's own (see Code.Status)
	Message string // what went wrong, one sentence
	Details string // why, or on what value; may be empty
	Hint    string // what to do instead; may be empty

	// Info, where not nil, is answered in place of Details as JSON (PostgREST's PGRST201 lists relationships there).
	Info any

	// Headers go with the answer: a PostgreSQL function may name them (RAISE SQLSTATE 'PGRST').
	Headers [][2]string

	cause error
}

// New returns a fault with a message.
func New(code Code, message string) *Fault { return &Fault{Code: code, Message: message} }

// Newf returns a fault with a formatted message.
func Newf(code Code, format string, args ...any) *Fault {
	return &Fault{Code: code, Message: fmt.Sprintf(format, args...)}
}

// WithDetails sets Details and returns f, so that a fault reads as one expression.
func (f *Fault) WithDetails(format string, args ...any) *Fault {
	f.Details = sprintf(format, args)
	return f
}

// WithHint sets Hint and returns f.
func (f *Fault) WithHint(format string, args ...any) *Fault {
	f.Hint = sprintf(format, args)
	return f
}

// WithStatus overrides the HTTP status of the code and returns f.
func (f *Fault) WithStatus(status int) *Fault {
	f.Status = status
	return f
}

// WithCause keeps the error behind the fault for the log and returns f.
func (f *Fault) WithCause(err error) *Fault {
	f.cause = err
	return f
}

func sprintf(format string, args []any) string {
	if len(args) == 0 {
		return format
	}
	return fmt.Sprintf(format, args...)
}

// Error gives code and message; the cause stays out, since this text may reach a client.
func (f *Fault) Error() string { return string(f.Code) + ": " + f.Message }

// Unwrap gives the cause, for errors.Is and errors.As.
func (f *Fault) Unwrap() error { return f.cause }

// HTTPStatus is the status that answers f.
func (f *Fault) HTTPStatus() int {
	if f.Status != 0 {
		return f.Status
	}
	return f.Code.Status()
}

// From gives the fault in err's chain; any other error becomes Internal with err as its hidden cause.
func From(err error) *Fault {
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return New(Internal, "something went wrong inside Pintail; the log has the request's id and the reason").WithCause(err)
}
