package demo

// A toast of the menu.
type toast struct {
	name, description, price, picture string
	rating                            float64
	weight                            float64 // how often it is ordered, against the others
	recipe                            []part
	notes                             string
}

// A part of a recipe: grams of the ingredient of that name.
type part struct {
	ingredient string
	grams      int
}

// An ingredient and what people may be allergic to in it.
type ingredient struct {
	name      string
	vegan     bool
	allergens []string
}

var ingredients = []ingredient{
	{"sourdough", true, []string{"gluten"}},
	{"rye bread", true, []string{"gluten"}},
	{"seeded bread", true, []string{"gluten", "sesame"}},
	{"brioche", false, []string{"gluten", "egg", "milk"}},
	{"buckwheat bread", true, nil},
	{"avocado", true, nil},
	{"lime", true, nil},
	{"lemon", true, nil},
	{"chili flakes", true, nil},
	{"sea salt", true, nil},
	{"olive oil", true, nil},
	{"cherry tomatoes", true, nil},
	{"basil", true, nil},
	{"mint", true, nil},
	{"coriander", true, nil},
	{"radish", true, nil},
	{"cucumber", true, nil},
	{"peas", true, nil},
	{"rocket", true, nil},
	{"spring onion", true, nil},
	{"pickled red onion", true, nil},
	{"sesame seeds", true, []string{"sesame"}},
	{"hummus", true, []string{"sesame"}},
	{"black beans", true, nil},
	{"sweetcorn", true, nil},
	{"smoked tofu", true, []string{"soya"}},
	{"miso", true, []string{"soya"}},
	{"kimchi", false, []string{"fish", "crustaceans"}},
	{"poached egg", false, []string{"egg"}},
	{"feta", false, []string{"milk"}},
	{"halloumi", false, []string{"milk"}},
	{"burrata", false, []string{"milk"}},
	{"ricotta", false, []string{"milk"}},
	{"smoked salmon", false, []string{"fish"}},
	{"prawns", false, []string{"crustaceans"}},
	{"bacon", false, nil},
	{"dukkah", true, []string{"nuts", "sesame"}},
	{"honey", false, nil},
	{"walnuts", true, []string{"nuts"}},
	{"mango", true, nil},
	{"pomegranate", true, nil},
	{"capers", true, nil},
	{"dill", true, nil},
	{"za'atar", true, []string{"sesame"}},
}

var menu = []toast{
	{"The Classic", "Avocado, lime, chili flakes and sea salt on sourdough.", "7.50", "🥑", 4.7, 30, []part{{"sourdough", 90}, {"avocado", 120}, {"lime", 8}, {"chili flakes", 1}, {"sea salt", 1}}, `{"popular": true, "minutes": 4}`},
	{"Sunrise", "Avocado and a poached egg that runs when you ask it to.", "9.50", "🍳", 4.8, 24, []part{{"sourdough", 90}, {"avocado", 100}, {"poached egg", 55}, {"chili flakes", 1}}, `{"popular": true, "minutes": 7}`},
	{"Garden Party", "Radish, cucumber, peas and mint on a green bed.", "8.90", "🌱", 4.4, 11, []part{{"seeded bread", 95}, {"avocado", 100}, {"radish", 25}, {"cucumber", 30}, {"peas", 30}, {"mint", 3}}, `{"minutes": 6}`},
	{"Tomato & Basil", "Cherry tomatoes warm from the pan, basil, olive oil.", "8.20", "🍅", 4.5, 14, []part{{"sourdough", 90}, {"avocado", 90}, {"cherry tomatoes", 70}, {"basil", 4}, {"olive oil", 6}}, `{"minutes": 6}`},
	{"Feta Attraction", "Crumbled feta, pomegranate and mint.", "9.20", "🧀", 4.6, 13, []part{{"sourdough", 90}, {"avocado", 100}, {"feta", 40}, {"pomegranate", 15}, {"mint", 3}}, `{"minutes": 5}`},
	{"North Sea", "Smoked salmon, capers, dill and lemon on rye.", "11.90", "🐟", 4.7, 12, []part{{"rye bread", 100}, {"avocado", 80}, {"smoked salmon", 60}, {"capers", 6}, {"dill", 3}, {"lemon", 8}}, `{"minutes": 5}`},
	{"Bacon Me Crazy", "Crisp bacon and a poached egg on brioche.", "10.90", "🥓", 4.6, 10, []part{{"brioche", 85}, {"avocado", 90}, {"bacon", 45}, {"poached egg", 55}}, `{"minutes": 9}`},
	{"Seoul Food", "Kimchi, sesame and spring onion.", "9.70", "🌶️", 4.3, 7, []part{{"sourdough", 90}, {"avocado", 90}, {"kimchi", 50}, {"sesame seeds", 4}, {"spring onion", 8}}, `{"hot": 3, "minutes": 5}`},
	{"Hummus Among Us", "Hummus below, avocado above, dukkah on top.", "8.80", "🫘", 4.4, 9, []part{{"seeded bread", 95}, {"hummus", 60}, {"avocado", 80}, {"dukkah", 6}}, `{"minutes": 4}`},
	{"Halloumi Kid", "Grilled halloumi, rocket and honey.", "9.90", "🍯", 4.5, 8, []part{{"sourdough", 90}, {"avocado", 90}, {"halloumi", 60}, {"rocket", 12}, {"honey", 6}}, `{"minutes": 8}`},
	{"Burrata Moment", "A whole small burrata. Bring a napkin.", "12.50", "☁️", 4.8, 6, []part{{"sourdough", 95}, {"avocado", 80}, {"burrata", 100}, {"cherry tomatoes", 40}, {"basil", 4}, {"olive oil", 8}}, `{"minutes": 6, "napkins": 3}`},
	{"Bean There", "Black beans, sweetcorn, coriander and lime.", "8.60", "🌽", 4.2, 6, []part{{"buckwheat bread", 100}, {"avocado", 90}, {"black beans", 50}, {"sweetcorn", 35}, {"coriander", 4}, {"lime", 8}}, `{"gluten_free": true, "minutes": 6}`},
	{"Smoke Signal", "Smoked tofu, miso and spring onion.", "9.40", "🧂", 4.1, 4, []part{{"rye bread", 100}, {"avocado", 90}, {"smoked tofu", 60}, {"miso", 8}, {"spring onion", 8}}, `{"minutes": 7}`},
	{"Mango Tango", "Mango, chili and mint: dessert that thinks it is breakfast.", "8.70", "🥭", 4.0, 4, []part{{"buckwheat bread", 100}, {"avocado", 90}, {"mango", 60}, {"chili flakes", 1}, {"mint", 3}}, `{"gluten_free": true, "minutes": 5}`},
	{"Shellfish Reasons", "Prawns, lime and coriander.", "12.90", "🍤", 4.6, 4, []part{{"sourdough", 90}, {"avocado", 80}, {"prawns", 70}, {"lime", 8}, {"coriander", 4}}, `{"minutes": 9}`},
	{"Ricotta Sonata", "Ricotta, walnuts and honey beside the avocado.", "9.30", "🎼", 4.3, 4, []part{{"brioche", 85}, {"avocado", 70}, {"ricotta", 50}, {"walnuts", 12}, {"honey", 8}}, `{"minutes": 5}`},
	{"Za'atar Boy", "Za'atar, olive oil and pickled red onion.", "8.10", "🌿", 4.2, 5, []part{{"seeded bread", 95}, {"avocado", 110}, {"za'atar", 4}, {"olive oil", 8}, {"pickled red onion", 20}}, `{"minutes": 4}`},
	{"Plain Jane", "Avocado on toast. Nothing else. She knows what she wants.", "6.50", "🍞", 3.9, 8, []part{{"sourdough", 90}, {"avocado", 130}}, `{"minutes": 3}`},
	{"The Forager", "Rocket, walnuts, pomegranate and lemon.", "8.90", "🍂", 4.1, 3, []part{{"rye bread", 100}, {"avocado", 90}, {"rocket", 15}, {"walnuts", 12}, {"pomegranate", 15}, {"lemon", 8}}, `{"minutes": 5}`},
	{"Everything Everywhere", "Egg, bacon, halloumi, salmon. All on one toast.", "18.90", "🤯", 4.4, 1, []part{{"sourdough", 120}, {"avocado", 140}, {"poached egg", 55}, {"bacon", 45}, {"halloumi", 60}, {"smoked salmon", 60}}, `{"minutes": 15, "napkins": 5}`},
}
