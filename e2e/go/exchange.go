package main

import (
	"context"
	"fmt"
	"time"

	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
)

// One side of an exchange whose other side is another client.

// fill sends "count" samples and a batch of 16 more.
func fill(r *run) (figures, error) {
	count := r.number("count", 60)
	p, err := filled(r, 4, count)
	if err != nil {
		return nil, err
	}
	var batch []*primitive.Message
	for n := count; n < count+16; n++ {
		batch = append(batch, sample(r.topic(), n))
	}
	_, err = p.SendSync(context.Background(), batch...)
	return figures{"sent": count + len(batch)}, err
}

// receive waits for "count" samples that somebody else sent, and compares each.
func receive(r *run) (figures, error) {
	in := newInbox(r.topic())
	if _, err := in.open(r, r.group("receiver"), "*"); err != nil {
		return nil, err
	}
	return figures{"received": r.number("count", 1)}, in.await(r.number("count", 1))
}

// answer answers every request with "Go: " and its body, until told to stop.
func answer(r *run) (figures, error) {
	p, err := r.producer(producer.WithGroupName(r.group("replier")))
	if err != nil {
		return nil, err
	}
	_, err = r.pushConsumer(r.group("consumer"), "*", func(_ context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		for _, message := range messages {
			if err := reply(p, message, "Go: "+string(message.Body)); err != nil {
				return consumer.ConsumeRetryLater, err
			}
		}
		return consumer.ConsumeSuccess, nil
	})
	if err != nil {
		return nil, err
	}
	<-r.stopped
	return figures{}, nil
}

// request asks until there is a reply, as awaitWayBack does, and returns its body.
func request(r *run) (figures, error) {
	p, err := r.producer()
	if err != nil {
		return nil, err
	}
	var last error
	for end := time.Now().Add(deadline); time.Now().Before(end); {
		reply, err := p.Request(context.Background(), 2*time.Second, primitive.NewMessage(r.topic(), []byte(r.text("body"))))
		if err == nil {
			return figures{"reply": string(reply.Body)}, nil
		}
		last = err
	}
	return nil, fmt.Errorf("no reply within %v: %w", deadline, last)
}
