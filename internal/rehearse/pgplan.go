package rehearse

import (
	"encoding/json"
	"fmt"
	"strings"
)

// A pgNode is a node of what EXPLAIN (ANALYZE, FORMAT JSON) writes.
type pgNode struct {
	Type        string  `json:"Node Type"`
	Relation    string  `json:"Relation Name"`
	Index       string  `json:"Index Name"`
	Join        string  `json:"Join Type"`
	Strategy    string  `json:"Strategy"`
	Rows        float64 `json:"Actual Rows"` // of each loop
	Loops       float64 `json:"Actual Loops"`
	Filtered    float64 `json:"Rows Removed by Filter"`
	Joined      float64 `json:"Rows Removed by Join Filter"`
	Rechecked   float64 `json:"Rows Removed by Index Recheck"`
	Hit         float64 `json:"Shared Hit Blocks"`
	Read        float64 `json:"Shared Read Blocks"`
	TempRead    float64 `json:"Temp Read Blocks"`
	TempWritten float64 `json:"Temp Written Blocks"`
	Plans       []pgNode
}

// readPlan reads a plan, and whether triggers ran, those of foreign keys among them.
func readPlan(text []byte) (root pgNode, triggers bool, err error) {
	var out []struct {
		Plan     pgNode
		Triggers []json.RawMessage
	}
	if err := json.Unmarshal(text, &out); err != nil {
		return root, false, fmt.Errorf("PostgreSQL's plan can't be read: %w", err)
	}
	if len(out) != 1 {
		return root, false, fmt.Errorf("PostgreSQL gave %d plans of one statement", len(out))
	}
	return out[0].Plan, len(out[0].Triggers) > 0, nil
}

// work is the rows that a node and those below it touched, those that it threw away included, and one for each loop, as PostgreSQL
// rounds the rows of a loop; and of these the rows that came out of tables.
func (n *pgNode) work() (touched, scanned float64) {
	rows := n.Loops * (n.Rows + n.Filtered + n.Joined + n.Rechecked)
	touched = rows + n.Loops
	if strings.HasSuffix(n.Type, "Scan") && n.Relation != "" {
		scanned = rows
	}
	for i := range n.Plans {
		t, s := n.Plans[i].work()
		touched, scanned = touched+t, scanned+s
	}
	return touched, scanned
}

// sorts says whether rows are sorted.
func (n *pgNode) sorts() bool {
	if n.Type == "Sort" || n.Type == "Incremental Sort" {
		return true
	}
	for i := range n.Plans {
		if n.Plans[i].sorts() {
			return true
		}
	}
	return false
}

// shape is the plan without its numbers, a line a node.
func (n *pgNode) shape(depth int) string {
	line := strings.Repeat("  ", depth) + n.Type
	for _, word := range []struct{ before, name string }{{" ", n.Strategy}, {" ", n.Join}, {" on ", n.Relation}, {" by ", n.Index}} {
		if word.name != "" {
			line += word.before + word.name
		}
	}
	for i := range n.Plans {
		line += "\n" + n.Plans[i].shape(depth+1)
	}
	return line
}
