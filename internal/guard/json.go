package guard

import (
	"encoding/json"
	"strings"

	"github.com/pintail-dev/pintail/schema"
)

// An Index and a Damage call their table by one text in JSON.
type (
	plainIndex  Index
	plainDamage Damage
)

// MarshalJSON writes the table's name as people do.
func (x Index) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		plainIndex
		Table string `json:"table"`
	}{plainIndex(x), x.Table.String()})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (x *Index) UnmarshalJSON(text []byte) error {
	v := struct {
		*plainIndex
		Table string `json:"table"`
	}{plainIndex: (*plainIndex)(x)}
	err := json.Unmarshal(text, &v)
	x.Table = tableNamed(v.Table)
	return err
}

// MarshalJSON writes the table's name as people do.
func (d Damage) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		plainDamage
		Table string `json:"table"`
	}{plainDamage(d), d.Table.String()})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (d *Damage) UnmarshalJSON(text []byte) error {
	v := struct {
		*plainDamage
		Table string `json:"table"`
	}{plainDamage: (*plainDamage)(d)}
	err := json.Unmarshal(text, &v)
	d.Table = tableNamed(v.Table)
	return err
}

func tableNamed(text string) schema.Name {
	if s, n, ok := strings.Cut(text, "."); ok {
		return schema.Name{Schema: s, Name: n}
	}
	return schema.Name{Name: text}
}
