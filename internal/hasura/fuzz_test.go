package hasura

import (
	"errors"
	"os"
	"testing"

	"github.com/pintail-dev/pintail/schema"
)

// FuzzMetadata reads any bytes, as JSON and as YAML, over what a database holds: there is an error, or a schema that prints and
// parses, as Lay itself makes sure.
func FuzzMetadata(f *testing.F) {
	var over []string
	for _, name := range []string{"shop", "cafe"} {
		file, err := os.ReadFile("testdata/" + name + ".graphql")
		if err != nil {
			f.Fatal(err)
		}
		over = append(over, string(file))
		metadata, err := os.ReadFile("testdata/" + name + ".json")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(metadata, name == "cafe")
	}
	for _, s := range []string{
		"version: 3\nsources:\n- name: a\n  kind: postgres\n  tables:\n  - table: drink\n    configuration: {custom_name: kind}\n  - table: kind\n    configuration: {custom_name: drink}\n",
		"version: 3\nsources: [{name: a, tables: [{table: drink, configuration: {custom_name: date, custom_root_fields: {insert: date, insert_one: date}}}]}]",
		"version: 3\nsources: [{name: a, tables: [{table: drink, configuration: {custom_column_names: {name: id, id: name, kind: price}}}]}]",
		"version: 3\nsources: [{name: a, tables: [{table: guest, configuration: {custom_name: drink_aggregate}}, {table: drink}]}]",
		"version: 3\nsources: [{name: a, tables: [{table: guest}, {table: drink, configuration: {custom_root_fields: {select: insert_guest, insert: guest}}}], functions: [{function: most_sold, configuration: {custom_name: guest_by_pk}}]}]",
	} {
		f.Add([]byte(s), true)
	}
	f.Fuzz(func(t *testing.T, text []byte, cafe bool) {
		for _, name := range []string{"m.json", "m.yaml"} {
			m, err := Parse(name, text)
			if err != nil {
				continue
			}
			source, err := m.Choose("")
			if err != nil {
				continue
			}
			_ = source.Schemas()
			file := over[0]
			if cafe {
				file = over[1]
			}
			_, _, err = source.Lay(parse(t, file))
			var mistakes schema.Mistakes
			if errors.As(err, &mistakes) {
				t.Fatalf("%s: %v", name, err)
			}
		}
	})
}
