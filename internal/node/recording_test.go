package node_test

import (
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/pintail-dev/pintail/internal/auth"
	"github.com/pintail-dev/pintail/internal/node"
	"github.com/pintail-dev/pintail/internal/shoptest"
)

// BenchmarkRecording asks two nodes for one row by key, one that records shapes and one that doesn't, in turns of 50 requests on the same
// SQLite store without a cache and without HTTP around it: the request that recording weighs most on. It prints what recording
// adds, as the median over all pairs of turns.
func BenchmarkRecording(b *testing.B) {
	s := shoptest.Schema(b)
	st := shoptest.SQLite(b, s)
	nodes := []*node.Node{node.New(s, st, auth.Open(), node.Options{}), node.New(s, st, auth.Open(), node.Options{Unrecorded: true})}
	turn := func(n *node.Node, from, to int) time.Duration {
		begin := time.Now()
		for i := from; i < to; i++ {
			r := &node.Request{Method: http.MethodGet, Path: "/rest/v1/order", RawQuery: "select=id,total,status&id=eq." + strconv.Itoa(i*7919%shoptest.Orders+1),
				Header: func(name string) string {
					if name == "Host" {
						return "127.0.0.1:8080"
					}
					return ""
				}, Values: func(string) []string { return nil }}
			if out := n.Serve(b.Context(), r); out.Status != http.StatusOK {
				b.Fatalf("%d %s", out.Status, out.Body)
			}
		}
		return time.Since(begin)
	}
	for _, n := range nodes { // past the first 256 calls, all of which are looked at
		turn(n, 0, 1000)
	}
	const each = 50
	var more []float64
	var with, without time.Duration
	b.ResetTimer()
	for i := 0; i < b.N; i += each {
		first := i / each % 2
		took := [2]time.Duration{}
		took[first] = turn(nodes[first], i, i+each)
		took[1-first] = turn(nodes[1-first], i, i+each)
		with, without = with+took[0], without+took[1]
		more = append(more, float64(took[0])/float64(took[1]))
	}
	slices.Sort(more)
	turns := float64(len(more) * each)
	b.ReportMetric(100*(more[len(more)/2]-1), "%-more")
	b.ReportMetric(float64(with.Nanoseconds())/turns, "ns-with")
	b.ReportMetric(float64(without.Nanoseconds())/turns, "ns-without")
	b.ReportMetric(0, "ns/op")
}
