package reports

// htmlLadders is the evidence of all scenarios in few bytes: texts stand once, in
// Texts, and are meant by their numbers. The script draws ladder diagrams and
// timelines of it.
type htmlLadders struct {
	Texts  []string          `json:"texts"` // the first one is ""
	Layers []string          `json:"layers"`
	Kinds  map[string]int    `json:"kinds"` // to Layers; the last one for kinds that are not there
	Rules  map[string]string `json:"rules"` // policy lines to where they are on the page
	Of     map[int]htmlRows  `json:"of"`    // by the index of the scenario
}

// htmlRows is the evidence of one scenario.
type htmlRows struct {
	Hosts []Host `json:"hosts"`
	// Rows are step, time in milliseconds, actor, kind, text, flow, flags, from, to,
	// rule; zeros at the end are left out.
	Rows [][]int64 `json:"rows"`
}

// The flags of a row.
const (
	htmlKey     = 1 // likeliest to say why
	htmlRefusal = 2
)

func newHTMLLadders(r *Report) htmlLadders {
	l := htmlLadders{Texts: []string{""}, Kinds: map[string]int{}, Rules: map[string]string{}, Of: map[int]htmlRows{}}
	for i, layer := range layers() {
		l.Layers = append(l.Layers, layer.Name)
		for _, k := range layer.kinds {
			l.Kinds[k.Kind()] = i
		}
	}
	numbers := map[string]int64{"": 0}
	number := func(text string) int64 {
		n, ok := numbers[text]
		if !ok {
			n = int64(len(l.Texts))
			numbers[text] = n
			l.Texts = append(l.Texts, text)
		}
		return n
	}
	for i := range r.Scenarios {
		s := &r.Scenarios[i]
		rows := htmlRows{Hosts: append([]Host{}, s.Hosts...), Rows: [][]int64{}}
		key := keyEvents(s)
		for at, e := range s.Evidence {
			var flags int64
			if key[at] {
				flags |= htmlKey
			}
			if e.Refusal {
				flags |= htmlRefusal
			}
			row := []int64{
				int64(e.Step), e.AtMS, number(e.Actor), number(e.Kind), number(e.Text), number(e.Flow), flags,
				number(e.From), number(e.To), number(e.Rule),
			}
			for len(row) > 0 && row[len(row)-1] == 0 {
				row = row[:len(row)-1]
			}
			rows.Rows = append(rows.Rows, row)
		}
		l.Of[s.Index] = rows
	}
	return l
}

// keyEvents says of each event whether it is among those that the console would
// tell of its step.
func keyEvents(s *Scenario) []bool {
	key := make([]bool, len(s.Evidence))
	for step := range s.Steps {
		var places []int
		for i, e := range s.Evidence {
			if e.Step == step {
				places = append(places, i)
			}
		}
		for _, i := range chosen(s.of(step)) {
			key[places[i]] = true
		}
	}
	return key
}
