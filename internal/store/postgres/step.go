package postgres

import (
	"context"
	"encoding/json"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/query"
)

// perform runs one plan inside the transaction that is open, with everything that belongs to it: rows that go in nested, the
// statement itself, and what it answers.
func (t *transaction) perform(ctx context.Context, p *plan.Plan, args query.Args, c *compiled) (store.Result, error) {
	switch {
	case len(c.steps) > 0:
		return t.steps(ctx, p, args, c)
	case len(c.nested) > 0:
		return t.withNested(ctx, p, args, c)
	}
	r, err := t.one(ctx, p, args, c)
	if err == nil && c.answer != nil {
		err = t.answer(ctx, p, args, c, &r)
	}
	return r, err
}

// steps runs the members of a sequence in order.
func (t *transaction) steps(ctx context.Context, p *plan.Plan, args query.Args, c *compiled) (store.Result, error) {
	all := store.Result{Total: -1}
	for i, step := range c.steps {
		r, err := t.perform(ctx, p.Steps[i], args, step)
		if err == nil {
			err = verify(p.Steps[i], &r)
		}
		if err != nil {
			return store.Result{}, &store.StepError{Step: i, Err: err}
		}
		all.Steps = append(all.Steps, r)
		all.Rows += r.Rows
		all.Affected += r.Affected
		all.Inserted += r.Inserted
	}
	return all, nil
}

// one sends one statement and reads its result.
func (t *transaction) one(ctx context.Context, p *plan.Plan, args query.Args, c *compiled) (store.Result, error) {
	d, err := t.conn.prepare(ctx, c.main)
	if err != nil {
		return store.Result{}, err
	}
	return t.result(p, c, t.conn.send(ctx, c.main, d, t.params(c, args)))
}

// answer reads what a write answers, into its result.
func (t *transaction) answer(ctx context.Context, p *plan.Plan, args query.Args, c *compiled, r *store.Result) error {
	rows, err := t.one(ctx, p, args, c.answer)
	takeAnswer(r, &rows)
	return err
}

// takeAnswer puts what was read after a write into its result: the rows and, where something set them meanwhile, status and headers.
func takeAnswer(r, rows *store.Result) {
	r.Rows, r.Body = rows.Rows, rows.Body
	if rows.Status != 0 {
		r.Status = rows.Status
	}
	if rows.Headers != nil {
		r.Headers = rows.Headers
	}
}

// withNested inserts rows together with related ones: those that the rows take keys from first, those that take keys from the
// rows after them.
func (t *transaction) withNested(ctx context.Context, p *plan.Plan, args query.Args, c *compiled) (store.Result, error) {
	return t.nest(&inserting{t: t, ctx: ctx, args: append(query.Args(nil), args...)}, p, c)
}

// nest runs an insert with nested rows.
func (t *transaction) nest(in *inserting, p *plan.Plan, c *compiled) (store.Result, error) {
	ctx := in.ctx
	before, err := in.before(p.Write, c)
	if err != nil {
		return store.Result{}, err
	}
	if err := in.looked(c); err != nil {
		return store.Result{}, err
	}
	r, err := t.one(ctx, p, in.args, c)
	if err != nil {
		return store.Result{}, err
	}
	after, err := in.after(p.Write, c, t.gave)
	if err != nil {
		return store.Result{}, err
	}
	if c.answer != nil {
		if err := t.answer(ctx, p, in.args, c, &r); err != nil {
			return store.Result{}, err
		}
	}
	r.Affected += before + after
	r.Inserted += before + after
	return r, nil
}

// An inserting is an insert with nested rows on its way. The rows among args take what others give as these go in.
type inserting struct {
	t    *transaction
	ctx  context.Context
	args query.Args
	look func(*compiled) error // is called before each statement; nil for nobody who looks
}

func (in *inserting) looked(c *compiled) error {
	if in.look == nil {
		return nil
	}
	return in.look(c)
}

// write inserts the rows of a nested write, and says how many went in and what they give.
func (in *inserting) write(w *plan.Write, c *compiled) (affected int64, given store.Given, err error) {
	before, err := in.before(w, c)
	if err != nil {
		return 0, nil, err
	}
	if err := in.looked(c); err != nil {
		return 0, nil, err
	}
	d, err := in.t.conn.prepare(in.ctx, c.main)
	if err != nil {
		return 0, nil, err
	}
	rr := in.t.conn.send(in.ctx, c.main, d, in.t.params(c, in.args))
	r, err := in.t.single(nil, c, rr)
	if _, closed := rr.Close(); closed != nil {
		err = closed
	}
	if err != nil {
		return 0, nil, err
	}
	given = in.t.gave
	after, err := in.after(w, c, given)
	return r.Affected + before + after, given, err
}

func (in *inserting) before(w *plan.Write, c *compiled) (int64, error) {
	var all int64
	for i := range w.Nested {
		if n := &w.Nested[i]; n.Before {
			affected, given, err := in.write(n.Write, c.nested[i])
			if err != nil {
				return 0, err
			}
			rows, err := store.Link(n, in.args[w.Rows].Text, in.args[n.Write.Rows].Text, in.args[n.Parents].Text, given)
			if err != nil {
				return 0, err
			}
			in.args[w.Rows].Text = rows
			all += affected
		}
	}
	return all, nil
}

func (in *inserting) after(w *plan.Write, c *compiled, given store.Given) (int64, error) {
	var all int64
	for i := range w.Nested {
		n := &w.Nested[i]
		if n.Before {
			continue
		}
		rows, err := store.Link(n, in.args[n.Write.Rows].Text, in.args[w.Rows].Text, in.args[n.Parents].Text, given)
		if err != nil {
			return 0, err
		}
		in.args[n.Write.Rows].Text = rows
		affected, _, err := in.write(n.Write, c.nested[i])
		if err != nil {
			return 0, err
		}
		all += affected
	}
	return all, nil
}

// readGiven reads the column Given.
func readGiven(value []byte) (given store.Given, err error) {
	if value == nil {
		return nil, nil
	}
	err = json.Unmarshal(value, &given)
	return given, err
}
