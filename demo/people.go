package demo

var firstNames = []string{
	"Ada", "Alan", "Amara", "Ana", "Anton", "Aisha", "Barbara", "Ben", "Bruno", "Carla", "Chen", "Chidi", "Clara", "Dara",
	"David", "Dina", "Edsger", "Elif", "Emma", "Erik", "Fatima", "Felix", "Frida", "Grace", "Hana", "Hugo", "Ida", "Imran",
	"Ines", "Ivan", "Jana", "Jean", "Jonas", "Julia", "Kamal", "Katja", "Kofi", "Lars", "Leila", "Lena", "Leo", "Linus",
	"Lucia", "Maja", "Malik", "Margaret", "Marta", "Mateo", "Mei", "Mina", "Nadia", "Niklaus", "Noor", "Olga", "Omar", "Oskar",
	"Paula", "Pavel", "Priya", "Radia", "Ravi", "Rosa", "Ruth", "Sam", "Sara", "Sofia", "Sven", "Tariq", "Theo", "Tomás",
	"Uma", "Vera", "Viktor", "Wanda", "Xin", "Yara", "Yusuf", "Zoë",
}

var lastNames = []string{
	"Abara", "Almeida", "Andersen", "Bauer", "Becker", "Berg", "Bianchi", "Costa", "Dahl", "Diaz", "Dubois", "Eriksen", "Fischer",
	"Fontaine", "García", "Haddad", "Hoffmann", "Horvat", "Ito", "Ivanova", "Jansen", "Kaya", "Keller", "Khan", "Kim", "Klein",
	"Kovács", "Larsen", "Lehmann", "Li", "Lindqvist", "Lopez", "Maier", "Martin", "Mbeki", "Meyer", "Moreau", "Müller", "Nakamura",
	"Ndiaye", "Nguyen", "Novak", "O'Brien", "Okafor", "Olsen", "Park", "Patel", "Petrov", "Popescu", "Rossi", "Sato", "Schmidt",
	"Schneider", "Silva", "Singh", "Sørensen", "Tanaka", "Torres", "Vogel", "Wagner", "Wang", "Weber", "Yilmaz", "Zhang", "Zimmermann",
}

var cities = []string{"Berlin", "Hamburg", "Köln", "München", "Leipzig", "Wien", "Zürich", "Bremen", "Dresden", "Freiburg", "Graz", "Basel"}

var notes = []string{
	"extra lime, please", "no chili", "as usual", "cut in half", "to go", "birthday! surprise us", "well done", "soft egg",
	"without salt", "second one for the dog (plain)", "the corner table", "ring twice",
}
