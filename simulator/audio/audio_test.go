package audio_test

import (
	"encoding/hex"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/simulator/audio"
	"rehearse/simulator/world/worldtest"
)

func TestAudio(t *testing.T) { worldtest.Suite(t, "audio") }

func unhex(text string) []byte {
	GinkgoHelper()
	b, err := hex.DecodeString(text)
	Expect(err).NotTo(HaveOccurred())
	return b
}

var _ = Describe("a meter", func() {
	start := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

	It("has no jitter and no loss where packets come as they were sent", func() {
		s, m := &audio.Source{ID: 7}, &audio.Meter{}
		for i := range 50 {
			Expect(m.Add(s.Next(), start.Add(time.Duration(i)*audio.Frame))).To(BeTrue())
		}
		Expect(m.Received()).To(Equal(50))
		Expect(m.Lost()).To(BeZero())
		Expect(m.Jitter()).To(BeZero())
		Expect(s.Sent()).To(Equal(50))
	})

	It("counts what is missing, and not what comes late", func() {
		s, m := &audio.Source{ID: 7}, &audio.Meter{}
		var packets [][]byte
		for range 10 {
			packets = append(packets, s.Next())
		}
		for _, i := range []int{0, 1, 3, 2, 5, 9} {
			m.Add(packets[i], start)
		}
		Expect(m.Lost()).To(Equal(4))
	})

	It("follows numbers that begin anew", func() {
		m := &audio.Meter{}
		for _, text := range []string{"8000fffe0000000000000007", "8000ffff0000000000000007", "800000010000000000000007"} {
			Expect(m.Add(unhex(text), start)).To(BeTrue())
		}
		Expect(m.Lost()).To(Equal(1))
	})

	It("has a sixteenth of a delay as its jitter, at first", func() {
		s, m := &audio.Source{ID: 7}, &audio.Meter{}
		m.Add(s.Next(), start)
		m.Add(s.Next(), start.Add(audio.Frame+16*time.Millisecond))
		Expect(m.Jitter()).To(Equal(time.Millisecond))
	})

	It("hears one source and nothing else", func() {
		m := &audio.Meter{}
		Expect(m.Add((&audio.Source{ID: 7}).Next(), start)).To(BeTrue())
		Expect(m.Add((&audio.Source{ID: 8}).Next(), start)).To(BeFalse())
		Expect(m.Add([]byte("no RTP"), start)).To(BeFalse())
		Expect((&audio.Meter{}).Lost()).To(BeZero())
	})
})

var _ = Describe("a source", func() {
	It("sends packets of others on under its own name and number", func() {
		s := &audio.Source{ID: 9}
		s.Next()
		again := s.Again(unhex("80880005" + "00000140" + "00000007" + "d5d5"))
		Expect(again).To(Equal(unhex("81080001" + "00000140" + "00000009" + "00000007" + "d5d5")))
		Expect(audio.HasFrom(again, 7)).To(BeTrue())
		Expect(audio.HasFrom(again, 9)).To(BeFalse())
		Expect(audio.HasFrom(s.Next(), 9)).To(BeFalse())
		Expect(s.Again([]byte("no RTP"))).To(BeNil())
		Expect(s.Sent()).To(Equal(3))
	})
})

var _ = Describe("a report", func() {
	r := audio.Report{From: 1, About: 2, Lost: 3, Newest: 0x10004, Jitter: 5 * time.Millisecond}

	It("is read as it was written, by a receiver or a sender", func() {
		s := &audio.Source{ID: 1}
		for _, packet := range [][]byte{r.AppendReceiver(nil), r.AppendSender(nil, s, 90*time.Second)} {
			Expect(audio.IsRTCP(packet)).To(BeTrue())
			got, ok := audio.ParseReport(packet, 2)
			Expect(ok).To(BeTrue())
			Expect(got).To(Equal(r))
			_, ok = audio.ParseReport(packet, 4)
			Expect(ok).To(BeFalse())
		}
	})

	It("has the layout of RFC 3550", func() {
		Expect(r.AppendReceiver(nil)).To(Equal(unhex("81c90007" + "00000001" + "00000002" + "00000003" + "00010004" + "00000028" + "0000000000000000")))
		Expect(audio.Report{}.AppendSender(nil, &audio.Source{ID: 1}, 1500*time.Millisecond)).To(Equal(
			unhex("80c80006" + "00000001" + "00000001" + "80000000" + "00002ee0" + "00000000" + "00000000")))
	})

	It("is found among other packets of a compound", func() {
		bye := unhex("81cb0001" + "00000001")
		_, ok := audio.ParseReport(append(bye, r.AppendReceiver(nil)...), 2)
		Expect(ok).To(BeTrue())
	})

	It("is not found in what is cut, or is no RTCP", func() {
		whole := r.AppendReceiver(nil)
		for n := range whole {
			_, ok := audio.ParseReport(whole[:n], 2)
			Expect(ok).To(BeFalse())
		}
		Expect(audio.IsRTCP(unhex("80000001" + "00000000" + "00000001"))).To(BeFalse())
	})
})

func FuzzParseReport(f *testing.F) {
	f.Add(audio.Report{From: 1, About: 2}.AppendReceiver(nil))
	f.Add(audio.Report{From: 1, About: 2}.AppendSender(nil, &audio.Source{ID: 1}, time.Second))
	f.Fuzz(func(t *testing.T, packet []byte) {
		if r, ok := audio.ParseReport(packet, 2); ok && r.About != 2 {
			t.Errorf("got a report about %d", r.About)
		}
	})
}
