package flow_test

import (
	"fmt"
	"strings"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/pcaps/flow"
	"rehearse/pcaps/packet"
)

// story is an Opener that writes down what the readers of all flows are told, each
// line with the flow's number and side.
type story struct {
	table *flow.Table
	lines []string
	n     int
}

func newStory() *story {
	s := new(story)
	s.table = flow.NewTable(s)
	return s
}

func (s *story) say(format string, args ...any) {
	s.lines = append(s.lines, fmt.Sprintf(format, args...))
}

func (s *story) OpenTCP(f *flow.Flow) flow.Reader         { return &reader{s, f} }
func (s *story) OpenUDP(f *flow.Flow) flow.DatagramReader { return &reader{s, f} }
func (s *story) Closed(f *flow.Flow, _ any) {
	side, by := f.Client()
	s.say("%s %d closed, client %d by %d, lost %v", f.Transport, f.Number, side, by, f.Lost)
}

type reader struct {
	*story
	f *flow.Flow
}

func (r *reader) Data(s flow.Side, at flow.Moment, b []byte) {
	r.say("%d.%d #%d %s", r.f.Number, s, at.Packet, b)
}
func (r *reader) Gap(s flow.Side, at flow.Moment, n int64) {
	r.say("%d.%d #%d gap %d", r.f.Number, s, at.Packet, n)
}
func (r *reader) Ended(s flow.Side, at flow.Moment, reset bool) {
	r.say("%d.%d #%d reset=%v", r.f.Number, s, at.Packet, reset)
}
func (r *reader) Datagram(s flow.Side, at flow.Moment, b []byte, length int) {
	r.say("%d.%d #%d %s/%d", r.f.Number, s, at.Packet, b, length)
}
func (r *reader) Done() {}

func end(host byte, port uint16) packet.Endpoint {
	return packet.Endpoint{Addr: [16]byte{10: 0xff, 11: 0xff, 12: 10, 15: host}, Port: port}
}

const (
	toServer = true
	toClient = false
)

// seg feeds one segment between the two hosts that all of these specs have.
func (s *story) seg(up bool, flags packet.Flags, seq, ack uint32, data string) *story {
	s.n++
	s.table.At(flow.Moment{Packet: s.n})
	g := packet.Segment{Src: end(1, 5000), Dst: end(2, 443), Seq: seq, Ack: ack, Flags: flags, Payload: []byte(data), Length: len(data)}
	if !up {
		g.Src, g.Dst = g.Dst, g.Src
	}
	s.table.Segment(&g)
	return s
}

// greeted is a story whose connection has been made, with sequence numbers that
// wrap round soon.
func greeted() *story {
	return newStory().seg(toServer, packet.SYN, 0xfffffffa, 0, "").seg(toClient, packet.SYN|packet.ACK, 100, 0xfffffffb, "")
}

func (s *story) all() []string {
	s.table.Close()
	return s.lines
}

var _ = Describe("TCP", func() {
	It("is told in order, across the wrap of sequence numbers, with its ends", func() {
		s := greeted().seg(toServer, packet.ACK, 0xfffffffb, 101, "hello").seg(toServer, packet.ACK, 0, 101, " you").
			seg(toClient, packet.ACK|packet.FIN, 101, 4, "bye").seg(toServer, packet.ACK|packet.FIN, 4, 105, "")
		Expect(s.all()).To(Equal([]string{
			"0.0 #3 hello", "0.0 #4  you", "0.1 #5 bye", "0.1 #5 reset=false", "0.0 #6 reset=false",
			"tcp 0 closed, client 0 by 4, lost [0 0]",
		}))
	})
	It("is put in order, each piece with the packet it came in", func() {
		s := greeted().seg(toClient, packet.ACK, 104, 0xfffffffb, "def").seg(toClient, packet.ACK|packet.FIN, 107, 0xfffffffb, "").seg(toClient, packet.ACK, 101, 0xfffffffb, "abc")
		Expect(s.all()).To(HaveExactElements("0.1 #5 abc", "0.1 #3 def", "0.1 #4 reset=false", ContainSubstring("lost [0 0]")))
	})
	It("keeps of overlapping segments what came first", func() {
		s := greeted().seg(toClient, packet.ACK, 101, 0xfffffffb, "abc").seg(toClient, packet.ACK, 102, 0xfffffffb, "XXde").seg(toClient, packet.ACK, 101, 0xfffffffb, "ABC").
			seg(toClient, packet.ACK, 108, 0xfffffffb, "hi").seg(toClient, packet.ACK, 106, 0xfffffffb, "fghIJ")
		Expect(s.all()).To(HaveExactElements("0.1 #3 abc", "0.1 #4 de", "0.1 #7 fghIJ", ContainSubstring("closed")))
	})
	It("tells what is missing at the end", func() {
		s := greeted().seg(toClient, packet.ACK, 101, 0xfffffffb, "abc").seg(toClient, packet.ACK, 114, 0xfffffffb, "xyz")
		Expect(s.all()).To(HaveExactElements("0.1 #3 abc", "0.1 #4 gap 10", "0.1 #4 xyz", ContainSubstring("lost [0 10]")))
	})
	It("tells what is missing before a FIN, or was acknowledged", func() {
		s := greeted().seg(toServer, packet.ACK, 0xfffffffb, 104, "").seg(toServer, packet.FIN|packet.ACK, 9, 104, "")
		Expect(s.all()).To(HaveExactElements("0.0 #4 gap 14", "0.1 #4 gap 3", ContainSubstring("lost [14 3]")))
	})
	It("gives a hole up that the receiver has acknowledged, after a while", func() {
		s := greeted().seg(toClient, packet.ACK, 114, 0xfffffffb, "xyz").seg(toServer, packet.ACK, 0, 117, "")
		Expect(s.lines).To(BeEmpty())
		for range 40 {
			s.seg(toServer, packet.ACK, 0, 117, "")
		}
		Expect(s.lines).To(Equal([]string{"0.1 #3 gap 13", "0.1 #3 xyz"}))
	})
	It("does not keep more behind a hole than it may", func() {
		s := greeted()
		for i := range uint32(3000) {
			s.seg(toClient, packet.ACK, 200+2*i, 0xfffffffb, "x")
		}
		Expect(len(s.lines)).To(BeNumerically(">", 900), "pieces that were told before the end")
	})
	It("is followed from the middle, and from one side", func() {
		s := newStory().seg(toClient, packet.ACK, 900, 5, "").seg(toClient, packet.ACK, 500, 5, "middle").seg(toClient, packet.ACK, 506, 5, " on")
		Expect(s.all()).To(HaveExactElements("0.0 #2 middle", "0.0 #3  on", ContainSubstring("client 1 by 0")))
	})
	It("of a segment recorded in part lacks the rest", func() {
		s := greeted()
		s.table.Segment(&packet.Segment{Src: end(2, 443), Dst: end(1, 5000), Seq: 101, Ack: 0xfffffffb, Flags: packet.ACK, Payload: []byte("ab"), Length: 5})
		s.seg(toClient, packet.ACK, 106, 0xfffffffb, "fg")
		Expect(s.all()).To(HaveExactElements("0.1 #2 ab", "0.1 #2 gap 3", "0.1 #3 fg", ContainSubstring("lost [0 3]")))
	})
	It("begins anew with a SYN of another number", func() {
		s := greeted().seg(toServer, packet.SYN, 0xfffffffa, 0, "").seg(toServer, packet.SYN, 77, 0, "").seg(toServer, packet.ACK, 78, 0, "again")
		Expect(s.all()).To(HaveExactElements(ContainSubstring("tcp 0 closed"), "1.0 #5 again", ContainSubstring("tcp 1 closed")))
		Expect(s.table.Opened(flow.TCP)).To(Equal(2))
	})
	It("takes the last SYN/ACK that comes before data", func() {
		s := greeted().seg(toClient, packet.SYN|packet.ACK, 7000, 0xfffffffb, "").seg(toClient, packet.ACK, 7001, 0xfffffffb, "data")
		Expect(s.all()).To(HaveExactElements("0.1 #4 data", ContainSubstring("lost [0 0]")))
	})
	It("passes over the same stream in another sequence space", func() {
		s := greeted()
		for i := range uint32(6) {
			s.seg(toClient, packet.ACK, 1_604_532_840+i, 0xfffffffb, "?").seg(toClient, packet.ACK, 101+i, 0xfffffffb, "!")
		}
		Expect(strings.Join(s.all(), " ")).NotTo(ContainSubstring("?"))
	})
	It("goes on where it was taken up again without a SYN", func() {
		s := greeted().seg(toClient, packet.ACK, 101, 0xfffffffb, "old")
		for i := range uint32(5) {
			s.seg(toClient, packet.ACK, 1_604_532_840+i, 0xfffffffb, "n")
		}
		Expect(s.all()).To(HaveExactElements("0.1 #3 old", "0.1 #7 gap 4294967296", "0.1 #7 n", "0.1 #8 n", ContainSubstring("closed")))
	})
	It("tells a RST behind a FIN, and no explanation in it", func() {
		s := greeted().seg(toServer, packet.ACK|packet.FIN, 0xfffffffb, 101, "x").seg(toServer, packet.RST, 0xfffffffd, 0, "go away")
		Expect(s.all()).To(HaveExactElements("0.0 #3 x", "0.0 #3 reset=false", "0.0 #4 reset=true", ContainSubstring("closed")))
	})
})

var _ = Describe("The client", func() {
	It("is the receiver of a SYN/ACK", func() {
		Expect(newStory().seg(toClient, packet.SYN|packet.ACK, 1, 1, "").all()).To(HaveExactElements(ContainSubstring("client 1 by 3")))
	})
	It("is who a protocol says it is, where the ports only guess", func() {
		s := newStory().seg(toServer, packet.ACK, 1, 1, "")
		f := &flow.Flow{}
		f.Orient(1, flow.ByHello)
		f.Orient(0, flow.ByAnswer)
		side, by := f.Client()
		Expect(side).To(Equal(flow.Side(1)))
		Expect(by).To(Equal(flow.ByHello))
		Expect(s.all()).To(HaveExactElements(ContainSubstring("client 0 by 0")))
	})
})

var _ = Describe("Flows", func() {
	It("that only ICMP quotes have a number and are not counted", func() {
		s := newStory()
		s.table.Complaint(&packet.Complaint{Src: end(9, 1), Dst: end(8, 2), TCP: true, Type: 3, Code: 3})
		s.seg(toServer, packet.SYN, 1, 0, "")
		Expect(s.table.Opened(flow.TCP)).To(Equal(1))
		Expect(s.all()).To(HaveExactElements(ContainSubstring("tcp 1 closed")))
	})
	It("of UDP go both ways", func() {
		s := newStory()
		s.table.At(flow.Moment{Packet: 1})
		s.table.Datagram(&packet.Datagram{Src: end(1, 5000), Dst: end(2, 53), Payload: []byte("q"), Length: 9})
		s.table.Datagram(&packet.Datagram{Src: end(2, 53), Dst: end(1, 5000), Payload: []byte("a"), Length: 1})
		Expect(s.all()).To(HaveExactElements("0.0 #1 q/9", "0.1 #1 a/1", "udp 0 closed, client 0 by 0, lost [0 0]"))
	})
	It("are closed, the quietest first, when there are too many", func() {
		s := newStory()
		for i := range 70_000 {
			s.table.Datagram(&packet.Datagram{Src: packet.Endpoint{Port: uint16(i)}, Dst: end(byte(i>>16), 53)})
		}
		Expect(s.lines).To(ContainElement("udp 0 closed, client 1 by 0, lost [0 0]"))
		Expect(s.table.Opened(flow.UDP)).To(Equal(70_000))
	})
})

// FuzzTable feeds segments of two hosts, five bytes each: direction and flags,
// sequence number, acknowledgement, length.
func FuzzTable(f *testing.F) {
	f.Add([]byte{0x02, 0, 10, 0, 0, 0x92, 0, 20, 11, 0, 0x10, 0, 12, 21, 3, 0x10, 0, 11, 21, 1, 0x91, 0, 21, 15, 2})
	f.Fuzz(func(t *testing.T, b []byte) {
		s := newStory()
		sent := 0
		for ; len(b) >= 5; b = b[5:] {
			n := int(b[4])
			sent += n
			s.seg(b[0]&0x80 == 0, packet.Flags(b[0]&0x1f), uint32(b[1])<<24|uint32(b[2]), uint32(b[3]), strings.Repeat("x", n))
		}
		told := strings.Count(strings.Join(s.all(), ""), "x")
		if told > sent {
			t.Errorf("%d bytes told of %d", told, sent)
		}
	})
}
