package msturn_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/wire"
	"rehearse/proxy/wire/msturn"
)

var _ = Describe("a frame", func() {
	It("is read from a stream and not a byte more", func() {
		stream := bytes.NewReader(fromHex("02000003 616263 03000000 ff10000a 0102030405060708 6869 99"))
		r := iotest.OneByteReader(stream)
		Expect(msturn.ReadFrame(r)).To(Equal(msturn.Frame{Type: msturn.FrameControl, Payload: []byte("abc")}))
		Expect(msturn.ReadFrame(r)).To(Equal(msturn.Frame{Type: msturn.FrameData, Payload: []byte{}}))
		f, err := msturn.ReadFrame(r)
		Expect(err).NotTo(HaveOccurred())
		Expect(f.Type).To(Equal(msturn.FrameMultiplexed))
		Expect(msturn.ParseMultiplexed(f.Payload)).To(Equal(
			msturn.Multiplexed{Session: msturn.SessionID{1, 2, 3, 4, 5, 6, 7, 8}, Data: []byte("hi")}))
		Expect(stream.Len()).To(Equal(1))
	})

	It("tells the end of the stream from an end inside", func() {
		_, err := msturn.ReadFrame(bytes.NewReader(nil))
		Expect(err).To(Equal(io.EOF))
		for _, cut := range []string{"0200", "02000003", "020000036162"} {
			_, err := msturn.ReadFrame(bytes.NewReader(fromHex(cut)))
			Expect(err).To(Equal(io.ErrUnexpectedEOF), cut)
		}
	})

	It("of another type is an error, at its first wrong byte", func() {
		_, err := msturn.ReadFrame(bytes.NewReader(fromHex("16030100")))
		Expect(err).To(MatchError("MS-TURN frame: type at byte 0: got 16, want 02 00, 03 00 or ff 10"))
		_, _, err = msturn.ParseFrame(fromHex("02ff"))
		Expect(err).To(MatchError("MS-TURN frame: type at byte 1: got 02 ff, want 02 00, 03 00 or ff 10"))
	})

	It("of libnice that leaves out the length reads as garbage behind three bytes of data", func() {
		r := bytes.NewReader(append(fromHex("0300"), fromHex(libniceSigned)...))
		Expect(msturn.ReadFrame(r)).To(Equal(msturn.Frame{Type: msturn.FrameData, Payload: fromHex("006020")}))
		_, err := msturn.ReadFrame(r)
		Expect(err).To(MatchError(ContainSubstring("got 21, want 02 00")))
	})

	It("is written as it is read", func() {
		Expect(msturn.AppendFrame([]byte("x"), msturn.FrameData, []byte("abc"))).To(Equal(append([]byte("x"), fromHex("03000003616263")...)))
		Expect(msturn.AppendMessage(nil, parse(teamsAllocate))).To(Equal(append(fromHex("02000044"), fromHex(teamsAllocate)...)))
		m := msturn.Multiplexed{Session: msturn.SessionID{1, 2, 3, 4, 5, 6, 7, 8}, Data: []byte("hi")}
		Expect(m.Append([]byte("x"))).To(Equal(append([]byte("x"), fromHex("ff10000a01020304050607086869")...)))
	})

	It("is not written when the payload is too long", func() {
		Expect(msturn.AppendFrame(nil, msturn.FrameData, make([]byte, msturn.MaxPayload))).To(HaveLen(msturn.MaxPayload + 4))
		Expect(msturn.AppendFrame([]byte("x"), msturn.FrameData, make([]byte, msturn.MaxPayload+1))).To(Equal([]byte("x")))
	})

	It("with too little for a session id is refused", func() {
		_, err := msturn.ParseMultiplexed([]byte("1234567"))
		Expect(err).To(MatchError("MS-TURN multiplexed frame: session id at byte 4: got 7 bytes, want at least 8 bytes"))
	})

	It("has a name", func() {
		Expect([]string{msturn.FrameControl.String(), msturn.FrameData.String(), msturn.FrameMultiplexed.String(), msturn.FrameType(1).String()}).
			To(Equal([]string{"control frame", "data frame", "multiplexed frame", "frame type 0x0001"}))
	})
})

// FuzzParseFrame: frames are read and written alike, ReadFrame agrees with
// ParseFrame, and a prefix of a good frame is short, never wrong.
func FuzzParseFrame(f *testing.F) {
	f.Add(fromHex("02000003616263"))
	f.Add(fromHex("ff10000a01020304050607086869ff"))
	f.Add(fromHex("0300"))
	f.Fuzz(func(t *testing.T, b []byte) {
		frame, rest, err := msturn.ParseFrame(b)
		read, readErr := msturn.ReadFrame(bytes.NewReader(b))
		if err != nil {
			ended := readErr == io.EOF || readErr == io.ErrUnexpectedEOF
			if len(b) >= msturn.FrameHeaderSize && errors.Is(err, wire.ErrShort) != ended {
				t.Fatalf("ParseFrame: %v, ReadFrame: %v", err, readErr)
			}
			return
		}
		if read.Type != frame.Type || !bytes.Equal(read.Payload, frame.Payload) {
			t.Fatalf("ParseFrame %v, ReadFrame %v", frame, read)
		}
		whole := b[:len(b)-len(rest)]
		if got := msturn.AppendFrame(nil, frame.Type, frame.Payload); !bytes.Equal(got, whole) {
			t.Fatalf("read %x, wrote %x", whole, got)
		}
		if _, _, err := msturn.ParseFrame(whole[:len(whole)-1]); !errors.Is(err, wire.ErrShort) {
			t.Fatalf("one byte short: %v", err)
		}
	})
}
