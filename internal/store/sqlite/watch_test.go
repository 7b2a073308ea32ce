package sqlite

import (
	"context"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/query"
)

type calm struct{}

func (calm) SchemaChanged(context.Context, int64, *plan.Plan, query.Args) error { return nil }
func (calm) Waits() bool                                                        { return false }

// BenchmarkReadKeyWatched is BenchmarkReadKey where somebody watches the schema: the difference is what that costs.
func BenchmarkReadKeyWatched(b *testing.B) {
	s := openBench(b)
	s.Watch(calm{})
	v := int64(0)
	if err := s.writer.c.exec("SELECT 1"); err != nil {
		b.Fatal(err)
	}
	st, err := s.writer.c.text("PRAGMA schema_version")
	if err != nil {
		b.Fatal(err)
	}
	st.Step()
	v = st.ColumnInt64(0)
	st.Reset()
	s.Known(v)
	p, args := s.plan(b, &query.Select{From: query.Name{Name: "item"}, Items: itemColumns,
		Where: &query.Compare{Field: query.Field{Column: "id"}, Op: query.Eq, Value: query.Text("1")}})
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		mine := append(query.Args{}, args...)
		for pb.Next() {
			mine[0].Text = strconv.Itoa(1 + rand.IntN(100000))
			res, err := s.Read(context.Background(), p, mine)
			if err != nil || res.Rows != 1 {
				b.Fatal(res.Rows, err)
			}
		}
	})
}
