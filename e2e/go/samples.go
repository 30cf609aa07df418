package main

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"sync"
	"unicode/utf8"

	"github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
)

var tagNames = []string{"TagA", "TagB", "TagC"}

// sample is a message whose every part can be told from its number, so that what comes back can be compared.
func sample(topic string, n int) *primitive.Message {
	message := primitive.NewMessage(topic, body(n)).
		WithTag(tagNames[n%3]).
		WithKeys([]string{fmt.Sprintf("key-%d", n), "shared"})
	for name, value := range userProperties(n) {
		message.WithProperty(name, value)
	}
	return message
}

func userProperties(n int) map[string]string {
	return map[string]string{
		"n":        strconv.Itoa(n),
		"greeting": fmt.Sprintf("héllo wörld, 你好, жду 🙂 %d", n),
		"größe":    fmt.Sprintf("=%d", n),
	}
}

// body is small for most; each tenth is over the 4 KiB at which the client compresses, each twentieth is 200 KiB.
func body(n int) []byte {
	length := 60
	if n%20 == 19 {
		length = 200_000
	} else if n%10 == 9 {
		length = 6_000
	}
	text := bytes.NewBufferString(fmt.Sprintf("body %d € ", n))
	// Characters, as all drivers count.
	written := utf8.RuneCount(text.Bytes())
	for word := uint32(n); written < length; word = word*31 + 7 {
		hex := strconv.FormatUint(uint64(word), 16)
		text.WriteString(hex)
		written += len(hex)
	}
	return text.Bytes()
}

func numberOf(message interface{ GetProperty(string) string }) int {
	n, err := strconv.Atoi(message.GetProperty("n"))
	if err != nil {
		return -1
	}
	return n
}

// compare checks all that the sender set against what arrived.
func compare(topic string, arrived *primitive.MessageExt) error {
	n := numberOf(arrived)
	if n < 0 {
		return fmt.Errorf("a message without number arrived: %v", arrived)
	}
	sent := sample(topic, n)
	if arrived.Topic != topic || arrived.GetTags() != sent.GetTags() || arrived.GetKeys() != sent.GetKeys() {
		return fmt.Errorf("message %d: topic %s, tags %s, keys %s arrived", n, arrived.Topic, arrived.GetTags(), arrived.GetKeys())
	}
	for name, value := range userProperties(n) {
		if arrived.GetProperty(name) != value {
			return fmt.Errorf("message %d: property %s is %q, sent was %q", n, name, arrived.GetProperty(name), value)
		}
	}
	if !bytes.Equal(arrived.Body, sent.Body) {
		return fmt.Errorf("message %d: body of %d bytes differs from the %d that arrived", n, len(sent.Body), len(arrived.Body))
	}
	return nil
}

// comparePromise checks what the broker said in its answer against what the consumer sees.
func comparePromise(promised *primitive.SendResult, arrived *primitive.MessageExt) error {
	if promised.Status != primitive.SendOK {
		return fmt.Errorf("send status %d", promised.Status)
	}
	if promised.MsgID != arrived.MsgId || promised.MessageQueue.QueueId != arrived.Queue.QueueId || promised.QueueOffset != arrived.QueueOffset {
		return fmt.Errorf("message %d: promised %v, arrived %s in queue %d at %d",
			numberOf(arrived), promised, arrived.MsgId, arrived.Queue.QueueId, arrived.QueueOffset)
	}
	return nil
}

// inbox is what arrived at a scenario's consumers, by message number.
type inbox struct {
	sync.Mutex
	topic      string
	byNumber   map[int]*primitive.MessageExt
	deliveries int
	failure    error
}

func newInbox(topic string) *inbox {
	return &inbox{topic: topic, byNumber: map[int]*primitive.MessageExt{}}
}

func (in *inbox) accept(message *primitive.MessageExt) {
	in.Lock()
	defer in.Unlock()
	in.deliveries++
	if err := compare(in.topic, message); err != nil && in.failure == nil {
		in.failure = err
	}
	in.byNumber[numberOf(message)] = message
}

func (in *inbox) open(r *run, group, expression string) (rocketmq.PushConsumer, error) {
	return r.pushConsumer(group, expression, func(_ context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		for _, message := range messages {
			in.accept(message)
		}
		return consumer.ConsumeSuccess, nil
	})
}

func (in *inbox) count() int {
	in.Lock()
	defer in.Unlock()
	return len(in.byNumber)
}

func (in *inbox) await(count int) error {
	failed := func() error {
		in.Lock()
		defer in.Unlock()
		return in.failure
	}
	err := await(func() bool { return failed() != nil || in.count() >= count },
		func() string { return fmt.Sprintf("%d messages of %s, %d arrived", count, in.topic, in.count()) })
	if failed() != nil {
		return failed()
	}
	return err
}
