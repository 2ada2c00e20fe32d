package diagnose_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/pcaps/capture"
	"rehearse/pcaps/diagnose"
	"rehearse/pcaps/story"
	"rehearse/pcaps/write"
	"rehearse/simulator/run"
	"rehearse/simulator/scenario"
	"rehearse/simulator/world/worldtest"
)

// view is how a rehearsal is captured.
type view struct {
	name string
	// all has all hops, else those of the clients alone.
	all  bool
	keys bool
	loss float64 // of packets that were not captured
}

func views() []view {
	return []view{
		{"all hops, keys", true, true, 0}, {"client's hop, keys", false, true, 0}, {"client's hop, no keys", false, false, 0},
		{"client's hop, keys, 1 % lost", false, true, 0.01}, {"client's hop, no keys, 1 % lost", false, false, 0.01},
	}
}

// judged is a rehearsal with a known cause and its captures.
type judged struct {
	name   string
	causes []string // that may be named for it; "healthy": none
	whole  []byte
	hops   [][]byte // of clients
	keys   []byte
}

// rehearsals plays the cases of testdata/judgement.
func rehearsals() []*judged {
	entries, err := os.ReadDir("testdata/judgement")
	Expect(err).NotTo(HaveOccurred())
	var variants []*scenario.Scenario
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "_") {
			continue
		}
		f, list := scenario.Load(os.DirFS("testdata/judgement"), e.Name(), "")
		Expect(list.HasErrors()).To(BeFalse(), "%v", list)
		for i, v := range f.Variants {
			if !racing || i%4 == 0 {
				variants = append(variants, v)
			}
		}
	}
	var mu sync.Mutex
	var all []*judged
	keep := func(r *run.Recording) string {
		j := recorded(r)
		mu.Lock()
		defer mu.Unlock()
		all = append(all, j)
		return "kept"
	}
	bubble := func(work func()) { worldtest.Bubble(GinkgoTB(), work) }
	_, err = run.Run(context.Background(), variants, run.Options{Bubble: bubble, Keep: keep, Workers: 2})
	Expect(err).NotTo(HaveOccurred())
	Expect(all).To(HaveLen(len(variants)))
	return all
}

// recorded takes over a rehearsal's captures.
func recorded(r *run.Recording) *judged {
	defer GinkgoRecover()
	c := write.Of(r)
	j := &judged{name: fmt.Sprint(r.Report.Name, " ", r.Report.Variant), causes: r.Report.Labels, keys: c.Secrets}
	c.Secrets = nil
	var whole bytes.Buffer
	_, err := c.WriteTo(&whole)
	Expect(err).NotTo(HaveOccurred())
	j.whole = whole.Bytes()
	hops := map[string]*hop{}
	Expect(c.Split(func(host string) (io.WriteCloser, error) {
		hops[host] = new(hop)
		return hops[host], nil
	})).To(Succeed())
	for _, client := range []string{"alice", "bob", "carol", "dave"} {
		if h := hops[client]; h != nil {
			j.hops = append(j.hops, h.Bytes())
		}
	}
	return j
}

type hop struct{ bytes.Buffer }

func (*hop) Close() error { return nil }

// thinned is a capture as pcap without the packets that were lost.
func thinned(pcapng []byte, loss float64, seed uint64) []byte {
	dice := rand.New(rand.NewPCG(seed, 1))
	in, err := capture.Open(bytes.NewReader(pcapng))
	Expect(err).NotTo(HaveOccurred())
	var out bytes.Buffer
	w := pcapgo.NewWriterNanos(&out)
	begun := false
	for {
		p, err := in.Next()
		if err == io.EOF {
			return out.Bytes()
		}
		Expect(err).NotTo(HaveOccurred())
		if !begun {
			begun = true
			Expect(w.WriteFileHeader(1<<18, layers.LinkType(p.Link))).To(Succeed())
		}
		if dice.Float64() >= loss {
			Expect(w.WritePacket(gopacket.CaptureInfo{Timestamp: p.Time(), CaptureLength: len(p.Data), Length: p.Length}, p.Data)).To(Succeed())
		}
	}
}

// findings are what is found in a view of a rehearsal, each cause with its
// confidence.
func (j *judged) findings(v view, seed uint64) map[string]diagnose.Confidence {
	files := j.hops
	if v.all {
		files = [][]byte{j.whole}
	}
	found := map[string]diagnose.Confidence{}
	for _, file := range files {
		opt := story.Options{Events: true}
		if v.keys {
			opt.KeyLog = j.keys
		}
		s, err := story.Read(bytes.NewReader(thinned(file, v.loss, seed)), opt)
		Expect(err).NotTo(HaveOccurred())
		for _, f := range diagnose.Diagnose(s.Events).Findings {
			found[f.Cause] = f.Confidence
		}
	}
	return found
}

// score counts by cause.
type score struct{ cases, named, claims, right int }

// judge lays the findings of all rehearsals in a view beside their causes.
func judge(all []*judged, v view) (by map[string]*score, wrong []string) {
	by = map[string]*score{}
	of := func(cause string) *score {
		if by[cause] == nil {
			by[cause] = new(score)
		}
		return by[cause]
	}
	for i, j := range all {
		found := j.findings(v, uint64(i))
		of(j.causes[0]).cases++
		if j.causes[0] == "healthy" && len(found) == 0 || slices.ContainsFunc(j.causes, func(c string) bool { return found[c] != "" }) {
			of(j.causes[0]).named++
		} else {
			fmt.Fprintln(GinkgoWriter, "missed:", v.name, j.causes, j.name, found)
		}
		for cause, confidence := range found {
			right := slices.Contains(j.causes, cause)
			if confidence != diagnose.Low {
				of(cause).claims++
				if right {
					of(cause).right++
				}
			}
			if !right {
				fmt.Fprintln(GinkgoWriter, "wrong:", v.name, j.causes, j.name, cause, confidence)
				if confidence == diagnose.High {
					wrong = append(wrong, fmt.Sprintf("%s: %s %s, not %s", v.name, j.name, cause, j.causes))
				}
			}
		}
	}
	return by, wrong
}

// least is how much of a view's causes have to be named, and of its claims to be
// right: what is encrypted cannot be told without keys.
func (v view) least() (recall, precision float64) {
	switch {
	case v.keys && v.loss == 0:
		return 0.99, 0.98
	case v.keys:
		return 0.95, 0.95
	case racing: // fewer cases, of which more are such
		return 0.80, 0.95
	case v.loss > 0:
		return 0.85, 0.95
	}
	return 0.90, 0.95
}

var _ = Describe("Of rehearsals whose causes are known", func() {
	It("the diagnosis finds them, and claims no wrong one surely", func() {
		all := rehearsals()
		slices.SortFunc(all, func(a, b *judged) int { return strings.Compare(a.name, b.name) })
		for _, v := range views() {
			by, wrong := judge(all, v)
			Expect(wrong).To(BeEmpty())
			var sum score
			for _, cause := range slices.Sorted(maps.Keys(by)) {
				s := by[cause]
				fmt.Fprintf(GinkgoWriter, "%s: %s: %d of %d named, %d of %d claims right\n", v.name, cause, s.named, s.cases, s.right, s.claims)
				sum.cases, sum.named, sum.claims, sum.right = sum.cases+s.cases, sum.named+s.named, sum.claims+s.claims, sum.right+s.right
				if v.keys && v.loss == 0 {
					Expect(s.named).To(Equal(s.cases), "%s: %s", v.name, cause)
				}
			}
			recall, precision := v.least()
			fmt.Fprintf(GinkgoWriter, "%s: all: %d of %d named, %d of %d claims right\n", v.name, sum.named, sum.cases, sum.right, sum.claims)
			Expect(float64(sum.named)/float64(sum.cases)).To(BeNumerically(">=", recall), v.name)
			Expect(float64(sum.right)/float64(sum.claims)).To(BeNumerically(">=", precision), v.name)
		}
	})
})
