#pragma once

#include <Eigen/Core>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

/// The tensors of one file of `data/torch/`, by name; `torch_vectors.py` says what they are.
class Vectors {
 public:
  /// Throws std::runtime_error with the file and the tensor when the text is not what the script writes.
  explicit Vectors(std::string path) : path_(std::move(path)) {
    std::ifstream file(path_);
    std::string line;
    if (!std::getline(file, line) || line.substr(0, 2) != "# ") fail("cannot be read, or does not begin with '# '");
    while (std::getline(file, line)) {
      std::istringstream head(line);
      std::string name, rest;
      Eigen::Index rows = 0, cols = 0;
      if (!(head >> name >> rows >> cols) || head >> rest || rows < 0 || cols < 0) fail("expected a name, not " + line);
      if (!tensors_.emplace(name, read_columns(file, name, rows, cols)).second) fail(name + " is there twice");
    }
  }

  bool has(const std::string& name) const { return tensors_.count(name) != 0; }

  const Eigen::MatrixXd& operator[](const std::string& name) const {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) fail("has no tensor " + name);
    return found->second;
  }

  const std::string& path() const { return path_; }
  const std::map<std::string, Eigen::MatrixXd>& tensors() const { return tensors_; }

 private:
  Eigen::MatrixXd read_columns(std::ifstream& file, const std::string& name, Eigen::Index rows, Eigen::Index cols) {
    Eigen::MatrixXd result(rows, cols);
    std::string line, rest;
    for (Eigen::Index col = 0; col < cols; ++col) {
      std::getline(file, line);
      std::istringstream numbers(file ? line : "");
      for (Eigen::Index row = 0; row < rows; ++row) {
        if (!(numbers >> result(row, col))) fail(name + ": column " + std::to_string(col) + " is short");
      }
      if (numbers >> rest) fail(name + ": column " + std::to_string(col) + " is long");
    }
    return result;
  }

  [[noreturn]] void fail(const std::string& what) const { throw std::runtime_error(path_ + ": " + what); }

  std::string path_;
  std::map<std::string, Eigen::MatrixXd> tensors_;
};
