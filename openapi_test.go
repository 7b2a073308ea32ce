package pintail_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/errors"
	"github.com/pb33f/libopenapi-validator/schema_validation"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/pintail-dev/pintail/internal/api/openapi"
	"github.com/pintail-dev/pintail/internal/auth"
	"github.com/pintail-dev/pintail/internal/node"
	"github.com/pintail-dev/pintail/internal/shoptest"
	"github.com/pintail-dev/pintail/schema"
)

// described gives a validator of a schema's description, which must itself be valid OpenAPI 3.1.
func described(t *testing.T, s *schema.Schema) (validator.Validator, *v3.Document) {
	t.Helper()
	text, err := openapi.Write(s, openapi.Options{Schema: s.Default, Server: "/rest/v1", Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := libopenapi.NewDocument(text)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(doc.GetVersion(), "3.1") {
		t.Errorf("version %s", doc.GetVersion())
	}
	v, errs := validator.NewValidator(doc)
	for _, err := range errs {
		t.Error(err)
	}
	if t.Failed() {
		t.FailNow()
	}
	if ok, found := v.ValidateDocument(); !ok {
		t.Fatal(told(found))
	}
	model, err := doc.BuildV3Model()
	if err != nil {
		t.Fatal(err)
	}
	return v, &model.Model
}

func told(found []*errors.ValidationError) string {
	var b strings.Builder
	for _, e := range found {
		b.WriteString(e.Message + ": " + e.Reason + "\n")
		for _, s := range e.SchemaValidationErrors {
			b.WriteString("  " + s.Reason + " at " + s.FieldPath + "\n")
		}
	}
	return b.String()
}

// TestOpenAPI holds every answer of the golden files to the API's own description, by a validator that isn't ours.
func TestOpenAPI(t *testing.T) {
	s := shoptest.Schema(t)
	v, _ := described(t, s)
	n := node.New(s, shoptest.SQLite(t, s), auth.Open(), node.Options{REST: node.RESTOptions{TxEnd: "rollback", Aggregates: true}})
	files, err := filepath.Glob("testdata/golden/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		request := string(txtar.Parse(text).Files[0].Data)
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		in := parse(t, request, false)
		out := n.Serve(context.Background(), in)
		r, err := http.NewRequest(in.Method, "http://localhost"+in.RawPath+"?"+in.RawQuery, nil)
		if err != nil {
			t.Fatal(err)
		}
		if name == "bad-table" || len(out.Body) == 0 {
			continue // of no path of the description, or nothing to describe
		}
		answer := &http.Response{StatusCode: out.Status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(out.Body)), Request: r}
		for _, h := range out.Header {
			answer.Header.Add(h.Name, h.Value)
		}
		if ok, found := v.ValidateHttpResponse(r, answer); !ok {
			t.Errorf("%s\n%s%s", name, request, told(found))
		}
		checked++
	}
	if checked < 50 {
		t.Errorf("only %d answers", checked)
	}
}

// TestOpenAPIRows holds whole rows to the schemas that the description has of them, and rows that are wrong in one value.
// What a request picks, renames, casts or sums has a shape of its own, which answers allow beside them.
func TestOpenAPIRows(t *testing.T) {
	s := shoptest.Schema(t)
	_, model := described(t, s)
	n := node.New(s, shoptest.SQLite(t, s), auth.Open(), node.Options{})
	check := schema_validation.NewSchemaValidator()
	for _, table := range s.Tables {
		proxy, ok := model.Components.Schemas.Get(table.Name.Name)
		if !ok {
			t.Fatalf("%s has no schema", table.Name)
		}
		row := proxy.Schema()
		out := n.Serve(context.Background(), parse(t, "GET /rest/v1/"+table.Name.Name, false))
		var rows []map[string]any
		if err := json.Unmarshal(out.Body, &rows); err != nil || len(rows) == 0 {
			t.Fatal(err, len(rows))
		}
		for _, r := range rows {
			if ok, found := check.ValidateSchemaObject(row, r); !ok {
				t.Errorf("%s %v\n%s", table.Name, r, told(found))
			}
		}
		for _, c := range table.Columns {
			if c.Type.Base == schema.JSONB && !c.Type.Array {
				continue // anything
			}
			wrong := maps.Clone(rows[0])
			wrong[c.Name] = map[string]any{"not": "this"}
			if ok, _ := check.ValidateSchemaObject(row, wrong); ok {
				t.Errorf("%s.%s may be an object", table.Name, c.Name)
			}
			if c.NotNull {
				wrong[c.Name] = nil
				if ok, _ := check.ValidateSchemaObject(row, wrong); ok {
					t.Errorf("%s.%s may be null", table.Name, c.Name)
				}
			}
		}
	}
}

// TestOpenAPIOfStrangeNames: no name that a database may have makes the description invalid.
func TestOpenAPIOfStrangeNames(t *testing.T) {
	s, mistakes := schema.Parse(schema.Source{Name: "schema.graphql", Text: strangeSchema(strangeNames[:20])})
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	described(t, s)
}
