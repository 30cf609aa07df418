package main

import (
	"context"
	"fmt"
	"reflect"
	"sync"

	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
)

// The broker's delay levels are 1 s, 2 s, 1 s, 1 s, 1 s and 3 s.
var levelsMs = []int64{1000, 2000, 1000, 1000, 1000, 3000}

// A machine under load may be slow; what is late for another reason is much later.
const lateMs = 3000

// delays sends at levels 1, 2, 6 and 99, which counts as the highest.
func delays(r *run) (figures, error) {
	levels := []int{1, 2, 6, 99}
	count := 60
	latest, err := sendAhead(r, count, lateMs,
		func(n int) *primitive.Message { return sample(r.topic(), n).WithDelayTimeLevel(levels[n%len(levels)]) },
		func(n int, message *primitive.MessageExt) int64 {
			level := min(levels[n%len(levels)], len(levelsMs))
			return message.StoreTimestamp - message.BornTimestamp - levelsMs[level-1]
		})
	if err != nil {
		return nil, err
	}
	return figures{"delayed": count, "latestMs": latest}, nil
}

// sendAhead sends messages that are to come later, and returns how many ms the latest one was late: each comes once, none
// early, and none more than "most" ms late.
func sendAhead(r *run, count int, most int64, message func(n int) *primitive.Message, late func(n int, message *primitive.MessageExt) int64) (int64, error) {
	if err := r.makeTopic(4); err != nil {
		return 0, err
	}
	p, err := r.producer()
	if err != nil {
		return 0, err
	}
	in := newInbox(r.topic())
	if _, err := in.open(r, r.group("consumer"), "*"); err != nil {
		return 0, err
	}
	for n := 0; n < count; n++ {
		if _, err := p.SendSync(context.Background(), message(n)); err != nil {
			return 0, fmt.Errorf("send %d: %w", n, err)
		}
	}
	if err := in.await(count); err != nil {
		return 0, err
	}
	latest := int64(0)
	for n, message := range in.byNumber {
		ms := late(n, message)
		if ms < 0 || ms > most {
			return 0, fmt.Errorf("message %d came %d ms after its time", n, ms)
		}
		latest = max(latest, ms)
	}
	if in.deliveries != count {
		return 0, fmt.Errorf("%d deliveries of %d messages", in.deliveries, count)
	}
	return latest, nil
}

// retries: of each three messages one never succeeds, one does at the second try, and one at once.
func retries(r *run) (figures, error) {
	count, tries := 9, 3
	if _, err := filled(r, 4, count); err != nil {
		return nil, err
	}
	var lock sync.Mutex
	reconsumeTimes := map[int][]int32{}
	group := r.group("consumer")
	if err := r.makeTopicsOf(group); err != nil {
		return nil, err
	}
	_, err := r.pushConsumer(group, "*", func(_ context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		lock.Lock()
		defer lock.Unlock()
		message := messages[0]
		n := numberOf(message)
		reconsumeTimes[n] = append(reconsumeTimes[n], message.ReconsumeTimes)
		if n%3 == 2 || (n%3 == 1 && message.ReconsumeTimes == 1) {
			return consumer.ConsumeSuccess, nil
		}
		return consumer.ConsumeRetryLater, nil
	}, consumer.WithMaxReconsumeTimes(int32(tries-1)), consumer.WithConsumeMessageBatchMaxSize(1))
	if err != nil {
		return nil, err
	}
	wanted := map[int][]int32{}
	for n := 0; n < count; n++ {
		wanted[n] = []int32{0, 1, 2}[:[]int{tries, 2, 1}[n%3]]
	}
	state := func() map[int][]int32 {
		lock.Lock()
		defer lock.Unlock()
		copied := map[int][]int32{}
		for n, times := range reconsumeTimes {
			copied[n] = append([]int32{}, times...)
		}
		return copied
	}
	if err := await(func() bool { return reflect.DeepEqual(state(), wanted) },
		func() string { return fmt.Sprintf("deliveries with reconsume times %v, there are %v", wanted, state()) }); err != nil {
		return nil, err
	}
	dead, err := deadLetters(r, group, count/3)
	if err != nil {
		return nil, err
	}
	for n, message := range dead {
		if n%3 != 0 || int(message.ReconsumeTimes) != tries || message.GetProperty("RETRY_TOPIC") != r.topic() {
			return nil, fmt.Errorf("dead letter %d has reconsume times %d and topic %s", n, message.ReconsumeTimes, message.GetProperty("RETRY_TOPIC"))
		}
	}
	return figures{"sent": count, "dead": len(dead)}, nil
}

// makeTopicsOf a group: the client asks for the routes of its topics every 20 s only, so what it shall know must be
// there before.
func (r *run) makeTopicsOf(group string) error {
	for _, topic := range []string{"%RETRY%" + group, "%DLQ%" + group} {
		if err := r.makeTopicNamed(topic, 1); err != nil {
			return err
		}
	}
	return nil
}

// orderlyRetries: the second of three messages of one queue never succeeds; it is tried again before the third, and
// put away.
func orderlyRetries(r *run) (figures, error) {
	group := r.group("ordered")
	if _, err := filled(r, 1, 3); err != nil {
		return nil, err
	}
	if err := r.makeTopicsOf(group); err != nil {
		return nil, err
	}
	var lock sync.Mutex
	var delivered []string
	_, err := r.pushConsumer(group, "*", func(_ context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		lock.Lock()
		defer lock.Unlock()
		n := numberOf(messages[0])
		delivered = append(delivered, fmt.Sprintf("%d again %d", n, messages[0].ReconsumeTimes))
		if n == 1 {
			return consumer.SuspendCurrentQueueAMoment, nil
		}
		return consumer.ConsumeSuccess, nil
	}, consumer.WithConsumerOrder(true), consumer.WithMaxReconsumeTimes(1))
	if err != nil {
		return nil, err
	}
	// This client tries once more than it was told.
	wanted := []string{"0 again 0", "1 again 0", "1 again 1", "1 again 2", "2 again 0"}
	state := func() []string {
		lock.Lock()
		defer lock.Unlock()
		return append([]string{}, delivered...)
	}
	if err := await(func() bool { return len(state()) >= len(wanted) },
		func() string { return fmt.Sprintf("deliveries %v, there are %v", wanted, state()) }); err != nil {
		return nil, err
	}
	dead, err := deadLetters(r, group, 1)
	if err != nil {
		return nil, err
	}
	if got := state(); !reflect.DeepEqual(got, wanted) {
		return nil, fmt.Errorf("deliveries %v instead of %v", got, wanted)
	}
	if message := dead[1]; message == nil || message.GetProperty("RETRY_TOPIC") != r.topic() {
		return nil, fmt.Errorf("the dead letter is %v", dead)
	}
	return figures{"sent": 3, "dead": 1}, nil
}

func deadLetters(r *run, group string, count int) (map[int]*primitive.MessageExt, error) {
	found := map[int]*primitive.MessageExt{}
	var lock sync.Mutex
	_, err := r.pushConsumerOf("%DLQ%"+group, r.group("dead"), "*", func(_ context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		lock.Lock()
		defer lock.Unlock()
		for _, message := range messages {
			found[numberOf(message)] = message
		}
		return consumer.ConsumeSuccess, nil
	})
	if err != nil {
		return nil, err
	}
	size := func() int {
		lock.Lock()
		defer lock.Unlock()
		return len(found)
	}
	err = await(func() bool { return size() == count }, func() string { return fmt.Sprintf("%d dead letters, there are %d", count, size()) })
	return found, err
}
