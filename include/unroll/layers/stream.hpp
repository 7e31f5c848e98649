#pragma once

#include <limits>
#include <span>
#include <tuple>
#include <type_traits>

#include "unroll/layers/packed.hpp"
#include "unroll/layers/states.hpp"

namespace unroll::inline UNROLL_TARGET {

/// The options of a Stream.
struct StreamOptions {
  Index samples = 1;  ///< B, stepped side by side: stereo, voices, environments; each has a state of its own
};

/// A model that runs one step at a time, for audio threads and control loops. It has a copy of the weights as they
/// were, packed once and shared by copies of the stream, and its own state, at first zero. Streams of one packed model
/// (see pack) share its weights.
///
///   Stream stream(model);
///   float y = stream.step(x)[0];
///
///   Stream stereo(model, {.samples = 2});                 // a step takes I x 2 numbers, a column a sample,
///   const auto outputs = stereo.step(std::array{l, r});   // and gives O x 2, one column after the other
///
/// The result of a step is a view of the stream's own memory; the next step, reset or restore writes there. `step`,
/// `reset` and `restore` allocate nothing and never throw. If x has another size, `step` returns NaN; if a state has
/// another shape, `restore` returns false. The stream then stays as it was. Streamed outputs are the sequence's to the
/// bit, for one sample and for several.
template <class Model, class Storage = Full>
class Stream {
  static_assert(ForwardLayer<Model>,
                "a Stream is of a model, not const, as in Stream<Lstm<float>>: see the concept Layer");
  static_assert(!ForwardLayer<Model> || StreamableLayer<Model>,
                "a Stream needs a model that runs step by step: a Bidirectional needs the whole sequence");

 public:
  using Scalar = typename Model::Scalar;
  using State = typename Model::State;
  /// The result of a step, owned by the stream: O numbers, or with several samples O x B, one column after the other.
  using Result = Eigen::Map<const Vector<Scalar>>;

  /// Throws std::invalid_argument where the model needs the whole sequence (a reverse layer, a mean, a state behind a
  /// read-out) or has no input_size, or a storage of fewer bits cannot keep a weight.
  explicit Stream(const Model& model, Storage storage = {}) : Stream(model, packed(model, storage).stream(), 1) {}
  /// A stream of several samples. Also throws std::invalid_argument for fewer than one.
  Stream(const Model& model, StreamOptions options) : Stream(model, Storage(), options) {}
  /// The same in a storage.
  Stream(const Model& model, Storage storage, StreamOptions options)
      : Stream(model, of_several(packed(model, storage), options.samples), options.samples) {
    save(saved_);
  }
  /// Refused: there is no model.
  Stream() = delete;  // a Stream is made of a model, as in Stream<Lstm<float>> stream{model}
  /// Refused: an option that does not exist, or no storage in its place.
  template <class no_such_option = void>
  explicit Stream(const Model&, ...) = delete;  // no such option: see StreamOptions; a storage is a value, Int8()

  /// I, how many numbers a step takes of each sample.
  Index input_size() const noexcept { return input_size_; }
  /// O, how many numbers a step gives of each sample.
  Index output_size() const noexcept { return no_result_.size() / samples_; }
  /// B
  Index samples() const noexcept { return samples_; }

  /// One step: x has I values, or with several samples I x B. It may be any vector, matrix or expression, wherever its
  /// numbers lie, and even the last result. The result is valid until the next step, reset or restore.
  template <class X>
  Result step(const Eigen::MatrixBase<X>& x) noexcept {
    static_assert(std::is_same_v<typename X::Scalar, Scalar>,
                  "a step takes numbers of the model's own type: a Vector, a std::array, or one number");
    if ((x.rows() != input_size_ && x.rows() != 1 && x.cols() != 1) || x.size() != x_.size()) return no_result();
    if constexpr (Eigen::internal::has_direct_access<X>::ret)
      if ((x.rows() == 1 || x.derived().rowStride() == 1) && (x.cols() == 1 || x.derived().colStride() == x.rows()))
        return run(x.derived().data());
    Eigen::Map<Matrix<Scalar>>(x_.data(), x.rows(), x.cols()).noalias() = x;
    return run(x_.data());
  }
  /// The same for an Eigen array.
  template <class X>
  Result step(const Eigen::ArrayBase<X>& x) noexcept {
    return step(x.matrix());
  }
  /// Refused: numbers behind a pointer, whose count is not known.
  template <class Pointer>
    requires std::is_pointer_v<Pointer>
  Result step(Pointer) = delete;  // take Eigen::Map<const Vector<float>>(pointer, count)
  /// The same for an array of C.
  template <class Number, std::size_t size>
  Result step(const Number (&x)[size]) noexcept {
    static_assert(fits_inputs<size>, "a step takes as many numbers as the model has inputs, of each sample");
    return step(std::span(x));
  }
  /// One step of a model of one input; x is a number of any type, a token's too.
  template <class Number>
    requires(std::is_arithmetic_v<Number> && (Model::InputSize == 1 || Model::InputSize == Dynamic))
  Result step(Number x) noexcept {
    const Scalar one = static_cast<Scalar>(x);
    return x_.size() == 1 ? run(&one) : no_result();
  }
  /// One step for a std::array, a std::vector or the like, even of tokens as integers.
  template <class Numbers>
    requires(std::is_class_v<Numbers> && !std::is_base_of_v<Eigen::EigenBase<Numbers>, Numbers>)
  Result step(const Numbers& x) noexcept {
    using Number = std::remove_cvref_t<decltype(*x.data())>;
    if constexpr (requires { std::tuple_size<Numbers>::value; })
      static_assert(fits_inputs<std::tuple_size_v<Numbers>>,
                    "a step takes as many numbers as the model has inputs, of each sample");
    static_assert(std::is_same_v<Number, Scalar> || std::is_integral_v<Number>,
                  "a step takes numbers of the model's own type: a Vector, a std::array, or one number");
    if (static_cast<Index>(x.size()) != x_.size()) return no_result();
    if constexpr (std::is_same_v<Number, Scalar>) return run(x.data());
    for (Index i = 0; i < x_.size(); ++i) x_.data()[i] = static_cast<Scalar>(x.data()[i]);
    return run(x_.data());
  }

  /// Starts anew, from a state of zeros.
  void reset() noexcept { stream_.reset(); }
  /// Starts sample b anew, say for an episode that ended or a voice that was taken. Allocates nothing where there are
  /// several samples. Throws std::invalid_argument unless b is from 0 to B - 1.
  void reset(Index b) {
    detail::require(b >= 0 && b < samples_, "Stream: there is no sample ", b, " to reset, expected 0 to ",
                    samples_ - 1);
    save(saved_);
    for_each_state([&](auto& value) { value.col(b).setZero(); }, saved_);
    stream_.restore(saved_);
  }

  /// The state now.
  State save() const {
    State state;
    save(state);
    return state;
  }
  /// The same into `to`: allocates nothing where it came from a stream of the same model. Throws std::invalid_argument
  /// for a stream that was moved from.
  void save(State& to) const {
    detail::require(x_.size() > 0, "Stream: it was moved from, and has no state to save");
    stream_.save(to);
  }
  /// Goes back to a saved state, or to the final state of a sequence of one sample; an empty one is zeros. Returns
  /// false where the state has another shape or the stream was moved from, and changes nothing then.
  [[nodiscard]] bool restore(const State& saved) noexcept {
    if (x_.size() == 0 || !stream_.fits(saved)) return false;
    stream_.restore(saved);
    return true;
  }

 private:
  using Packed = detail::PackedOf<Model, Storage>;

  Stream(const Model& model, typename Packed::Stream stream, Index samples)
      : stream_(std::move(stream)),
        samples_(samples),
        input_size_(model.input_size()),
        x_(input_size_, samples),
        no_result_(Vector<Scalar>::Constant(model.output_size() * samples, std::numeric_limits<Scalar>::quiet_NaN())) {}

  static Packed packed(const Model& model, Storage storage) {
    detail::require(model.input_size() > 0,
                    "Stream: the model takes 0 numbers a step; it is of no size of its own, or moved from");
    return pack(model, storage);
  }

  static auto of_several(const Packed& packed, Index samples) {
    detail::require(samples >= 1, "Stream: samples is ", samples, ", expected at least 1");
    return detail::stream_of(packed, StreamShape<Index>{samples});
  }

  /// Whether so many numbers are those of some samples, where the model's inputs are known to the compiler.
  template <std::size_t size>
  static constexpr bool fits_inputs = Model::InputSize == Dynamic || static_cast<int>(size) % Model::InputSize == 0;

  Result run(const Scalar* x) noexcept { return {stream_.step(x), no_result_.size()}; }
  Result no_result() const noexcept { return {no_result_.data(), no_result_.size()}; }

  typename Packed::Stream stream_;
  Index samples_;
  Index input_size_;
  Matrix<Scalar> x_;          // a step's numbers where they do not lie side by side
  Vector<Scalar> no_result_;  // NaN
  State saved_;               // for the reset of one sample
};
/// Refused: there is no model.
Stream() -> Stream<void>;  // which the class refuses in words
/// For a model alone, because clang 14 cannot tell the constructors apart.
template <class Model>
Stream(const Model&) -> Stream<Model>;

}  // namespace unroll::inline UNROLL_TARGET
