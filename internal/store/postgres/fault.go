package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/store"
)

// faultOf turns what went wrong on a connection into what a client may read: PostgreSQL's own code, message, details and
// hint; where the connection itself failed, that the database can't be reached.
func (s *Store) faultOf(ctx context.Context, err error) error {
	var f *fault.Fault
	var pg *pgconn.PgError
	var size *pgproto3.ExceededMaxBodyLenErr
	var hook *hookError
	var step *store.StepError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &step):
		return &store.StepError{Step: step.Step, Err: s.faultOf(ctx, step.Err)}
	case errors.As(err, &f), errors.As(err, &hook):
		return err
	case errors.As(err, &size):
		return s.tooLarge()
	case ctx.Err() != nil:
		return canceled(ctx)
	case errors.As(err, &pg):
		return raised(pg)
	}
	return fault.New(fault.ConnectionInternal, "Database client error. Retrying the connection.").WithStatus(503).WithCause(err)
}

// raised is an error of PostgreSQL's.
func raised(e *pgconn.PgError) error {
	if e.Code == "PGRST" {
		return raisedPGRST(e)
	}
	if e.Code == string(fault.QueryCanceled) && e.Hint == "" && strings.HasSuffix(e.Message, "statement timeout") {
		return store.StatementTimeout(e)
	}
	f := fault.New(fault.Code(e.Code), e.Message).WithStatus(status(e)).WithCause(e)
	f.Details, f.Hint = e.Detail, e.Hint
	return f
}

// status is PostgREST's (src/library/PostgREST/Error.hs, mapSQLtoHTTP), for someone who is let in.
func status(e *pgconn.PgError) int {
	switch e.Code {
	case "23503", "23505":
		return 409
	case "25006":
		return 405
	case "21000":
		// A subquery with several rows is a mistake in a view or function; a key twice in one upsert is one in the request.
		if strings.HasSuffix(e.Message, "requires a WHERE clause") || strings.HasPrefix(e.Message, "ON CONFLICT ") {
			return 400
		}
		return 500
	case "22023":
		if strings.HasPrefix(e.Message, "role") && strings.HasSuffix(e.Message, "does not exist") {
			return 401
		}
		return 400
	case "42883":
		if strings.HasPrefix(e.Message, "function xmlagg(") {
			return 406
		}
		return 404
	case "42P01":
		return 404
	case "42P17", "53400":
		return 500
	case "42501":
		return 403
	case "57P01", "57P02", "57P03":
		return 503
	case "P0001":
		return 400
	}
	if len(e.Code) != 5 {
		return 500
	}
	switch e.Code[:2] {
	case "08", "53":
		return 503
	case "0L", "0P", "28":
		return 403
	case "09", "25", "2D", "38", "39", "3B", "40", "54", "55", "57", "58", "F0", "HV", "P0", "XX":
		return 500
	case "PT":
		if n, err := strconv.Atoi(e.Code[2:]); err == nil && n >= 100 {
			return n
		}
		return 500
	}
	return 400
}

// raisedPGRST is what a function says with RAISE SQLSTATE 'PGRST': the whole answer, as JSON in message and detail.
func raisedPGRST(e *pgconn.PgError) error {
	var message struct {
		Code, Message *string
		Details, Hint string
	}
	var detail struct {
		Status  *int
		Headers map[string]string
	}
	if json.Unmarshal([]byte(e.Message), &message) != nil || message.Code == nil || message.Message == nil {
		return badRaise(e, fmt.Sprintf("Invalid JSON value for MESSAGE: '%s'", e.Message),
			"MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and optional keys: 'details', 'hint'.")
	}
	const hint = "DETAIL must be a JSON object with obligatory keys: 'status', 'headers' and optional key: 'status_text'."
	if e.Detail == "" {
		return badRaise(e, "DETAIL is missing in the RAISE statement", hint)
	}
	if json.Unmarshal([]byte(e.Detail), &detail) != nil || detail.Status == nil || detail.Headers == nil {
		return badRaise(e, fmt.Sprintf("Invalid JSON value for DETAIL: '%s'", e.Detail), hint)
	}
	f := fault.New(fault.Code(*message.Code), *message.Message).WithStatus(*detail.Status).WithCause(e)
	f.Details, f.Hint = message.Details, message.Hint
	for name, value := range detail.Headers {
		f.Headers = append(f.Headers, [2]string{name, value})
	}
	return f
}

func badRaise(e *pgconn.PgError, details, hint string) error {
	f := fault.New(fault.BadRaise, `Could not parse JSON in the "RAISE SQLSTATE 'PGRST'" error`).WithStatus(500).WithCause(e)
	f.Details, f.Hint = details, hint
	return f
}

// unreachable is a connection that couldn't be made. What the network said stays in the log: it tells of hosts.
func unreachable(err error) error {
	return fault.New(fault.ConnectionFailed, "Database connection error.").WithStatus(503).WithCause(err)
}

// canceled is a statement whose request ended, or ran out of time.
func canceled(ctx context.Context) error {
	return fault.New(fault.QueryCanceled, "canceling statement due to user request").WithCause(context.Cause(ctx))
}

func (s *Store) tooLarge() error {
	return fault.Newf(fault.AnswerTooLarge, "The answer is larger than %d bytes", s.config.BodyBytesMax).
		WithHint("Ask for fewer rows with limit, or for fewer columns with select.")
}

// gone says whether the connection is lost, and with it, most likely, all others.
func gone(c *conn, err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code {
		case "57P01", "57P02", "57P03": // shutdown by an administrator, after a crash, or still starting
			return true
		}
		return c.IsClosed() && strings.HasPrefix(pg.Code, "08")
	}
	return c.IsClosed()
}

// stale says whether a prepared statement was pulled away under us: the schema changed, or someone deallocated it.
func stale(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	switch pg.Code {
	case "26000": // invalid_sql_statement_name
		return true
	case "0A000":
		return pg.Message == "cached plan must not change result type"
	}
	return false
}
